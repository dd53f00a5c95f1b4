#pragma once
/// The language, the CPU policy and training: what most programs include.

#include "config.hpp"

// Macros of these names, as some systems' headers have them, are the program's again at the end.
#pragma push_macro("min")
#pragma push_macro("max")
#undef min
#undef max

// The language first, so that its errors come with short paths and a short include stack.
#include "lang/diagnostics.hpp"

#include "lang/combinators.hpp"
#include "lang/layers/activation.hpp"
#include "lang/layers/convolution.hpp"
#include "lang/layers/dense.hpp"
#include "lang/layers/normalization.hpp"
#include "lang/layers/pooling.hpp"
#include "lang/layers/shape.hpp"

#include "backend/cpu/policy.hpp"
#include "backend/reference/policy.hpp"
#include "inspect/inspect.hpp"
#include "io/checkpoint.hpp"
#include "model.hpp"
#include "queries.hpp"
#include "train/adapt.hpp"
#include "train/averaged.hpp"
#include "train/callbacks.hpp"
#include "train/evaluate.hpp"
#include "train/fit.hpp"
#include "train/loss/cross_entropy.hpp"
#include "train/loss/likelihood.hpp"
#include "train/loss/regression.hpp"
#include "train/loss/similarity.hpp"
#include "train/loss/summed.hpp"
#include "train/optimizers.hpp"
#include "train/plateau.hpp"

#pragma pop_macro("max")
#pragma pop_macro("min")
