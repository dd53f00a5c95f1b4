#pragma once
/// All metrics.

#include "accuracy.hpp"
#include "confusion_matrix.hpp"
#include "regression.hpp"
