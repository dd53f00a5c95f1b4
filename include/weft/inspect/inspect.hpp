#pragma once
/// Looking inside a network: summary, dot, explain.

#include "dot.hpp"
#include "explain.hpp"
#include "summary.hpp"
