#pragma once

#include "../reference/run.hpp"
#include "kernel.hpp"
// after them
// clang-format off
#define WEFT_FAMILY(family) WEFT_TEXT(../../backend/cpu/family.hpp)
// clang-format on
#include "../../graph/primitives/list.hpp"
