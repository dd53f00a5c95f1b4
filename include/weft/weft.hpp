#pragma once
/// The language, the CPU policy and training: what most programs include.

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
#include "train/evaluate.hpp"
#include "train/fit.hpp"
#include "train/loss/cross_entropy.hpp"
#include "train/loss/regression.hpp"
#include "train/optimizers.hpp"
