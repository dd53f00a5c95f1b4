#pragma once

#include "record.hpp"

namespace weft::graph {

/// A function's name. (Compilers warn of an enumerator that a switch leaves out.)
constexpr const char* name_of(function f) {
    switch (f) {
        case function::none:
            return "none";
        case function::relu:
            return "relu";
        case function::leaky_relu:
            return "leaky_relu";
        case function::elu:
            return "elu";
        case function::selu:
            return "selu";
        case function::gelu:
            return "gelu";
        case function::gelu_tanh:
            return "gelu_tanh";
        case function::silu:
            return "silu";
        case function::mish:
            return "mish";
        case function::hard_swish:
            return "hard_swish";
        case function::sigmoid:
            return "sigmoid";
        case function::tanh:
            return "tanh";
        case function::softplus:
            return "softplus";
        case function::exp:
            return "exp";
        case function::log:
            return "log";
        case function::square:
            return "square";
        case function::sqrt:
            return "sqrt";
        case function::abs:
            return "abs";
        case function::huber:
            return "huber";
        case function::custom:
            return "custom";
    }
    return "";
}

/// A step's name; that of a function where it applies one.
constexpr const char* name_of(step_kind k) {
    switch (k) {
        case step_kind::none:
            return "none";
        case step_kind::apply:
            return "apply";
        case step_kind::slope_from_y:
            return "slope";
        case step_kind::slope_from_x:
            return "slope";
        case step_kind::add:
            return "add";
        case step_kind::subtract:
            return "subtract";
        case step_kind::subtract_from:
            return "subtract_from";
        case step_kind::multiply:
            return "multiply";
        case step_kind::divide:
            return "divide";
        case step_kind::scale:
            return "scale";
        case step_kind::offset:
            return "offset";
        case step_kind::fill:
            return "fill";
        case step_kind::per_batch:
            return "per_batch";
        case step_kind::dropout:
            return "dropout";
        case step_kind::store:
            return "store";
    }
    return "";
}

}  // namespace weft::graph
