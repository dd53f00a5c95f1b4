#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace weft {

/// A view of one tensor of a model: its state_dict name, its shape in PyTorch's order, its numbers
/// (row-major).
template <class T>
struct named_tensor {
    std::string name;
    std::vector<std::size_t> shape;
    std::span<T> data;
};

}  // namespace weft
