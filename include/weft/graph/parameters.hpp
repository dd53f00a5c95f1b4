#pragma once

#include <cstdint>

#include "../core/extents.hpp"
#include "../lang/options.hpp"

namespace weft::graph {

/// How a parameter starts.
struct initializer {
    init_kind kind = init_kind::zeros;
    int fan_in = 1, fan_out = 1;
    float constant = 0;  ///< for state: the first value
};

inline constexpr int max_name = 80;

/// A parameter (or running statistic) as the network declares it.
struct parameter_record {
    char name[max_name] = {};               ///< as in a PyTorch state_dict: "0.weight"
    std::uint32_t name_hash = 2166136261u;  ///< FNV-1a of the name
    extents dims;
    initializer init;
    bool is_state = false;
    int offset = 0;  ///< in the flat buffer of parameters, or of state
    int layer = 0;
    int value = -1;
};

/// The name of the place where a layer is lowered, part by part: "3.body.0.".
struct name_path {
    char path[max_name] = {};
    int path_length = 0;  ///< may be beyond what there is room for

    constexpr void append(const char* text) {
        for (int i = 0; text[i]; ++i, ++path_length)
            if (path_length < max_name - 1) path[path_length] = text[i];
    }
    constexpr void append(int number) {
        char digits[12] = {};
        int at = 11;
        do digits[--at] = char('0' + number % 10), number /= 10;
        while (number);
        append(digits + at);
    }
    /// Enters a part of a composite layer: its parameters' names get "part." in front.
    template <class Part>
    constexpr int enter(Part part) {
        const int before = path_length;
        append(part);
        append(".");
        return before;
    }
    constexpr void leave(int before) { path_length = before; }
    /// False for a name that is too long.
    constexpr bool write_name(const char* name, parameter_record& p) {
        const int before = path_length;
        append(name);
        if (path_length >= max_name) return false;
        for (int i = 0; i < path_length; ++i) {
            p.name[i] = path[i];
            p.name_hash = (p.name_hash ^ std::uint32_t(std::uint8_t(path[i]))) * 16777619u;
        }
        leave(before);
        return true;
    }
};

}  // namespace weft::graph
