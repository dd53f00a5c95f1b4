#pragma once
/// All optimizers.

#include "optimizers/adagrad.hpp"
#include "optimizers/adam.hpp"
#include "optimizers/amsgrad.hpp"
#include "optimizers/lamb.hpp"
#include "optimizers/nadam.hpp"
#include "optimizers/radam.hpp"
#include "optimizers/rmsprop.hpp"
#include "optimizers/sgd.hpp"
