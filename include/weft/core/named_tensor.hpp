#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace weft {

/// A view of one tensor of a model: its state_dict name, its shape in PyTorch's order, its numbers
/// (row-major). No errors.
///
///     model<net, cpu> model{seed{1}};
///     for (const named_tensor<float>& tensor : model.state())
///         std::printf("%s: %zu numbers\n", tensor.name.c_str(), tensor.data.size());
template <class T>
struct named_tensor {
    std::string name;
    std::vector<std::size_t> shape;
    std::span<T> data;
};

}  // namespace weft
