#pragma once

#include <concepts>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../core/named_tensor.hpp"
#include "safetensors.hpp"

namespace weft {

namespace io::detail {

/// One kind of mismatch: how many there are, and the first of them.
class mismatch_list {
public:
    explicit mismatch_list(std::string title) : title_(std::move(title)) {}
    void add(const std::string& item) {
        if (++count_ <= shown) items_.append(count_ == 1 ? "" : "; ").append(item);
    }
    bool empty() const { return count_ == 0; }
    /// "\n  missing in the file (2): a [3]; b [4]", or nothing.
    std::string text() const {
        if (empty()) return {};
        const std::string more = count_ > shown ? "; and " + std::to_string(count_ - shown) + " more" : "";
        return "\n  " + title_ + " (" + std::to_string(count_) + "): " + items_ + more;
    }

private:
    static constexpr std::size_t shown = 20;
    std::string title_, items_;
    std::size_t count_ = 0;
};

/// PyTorch's batch norm counts its batches in a scalar that only its momentum=None ever uses.
inline bool is_batch_counter(const tensor_info& tensor) {
    constexpr std::string_view name = "num_batches_tracked";
    const std::string_view full = tensor.name;
    return tensor.type == dtype::i64 && tensor.shape.empty() && full.ends_with(name) &&
           (full.size() == name.size() || full[full.size() - name.size() - 1] == '.');
}

/// Pairs the tensors of a model with those of a file, in the model's order; one error lists all that do not
/// fit.
template <class T>
std::vector<const tensor_info*> match_tensors(const std::vector<named_tensor<T>>& wanted,
                                              const safetensors_file& file, const std::string& where) {
    std::map<std::string_view, const tensor_info*> left;
    for (const tensor_info& info : file.tensors()) left.emplace(info.name, &info);
    mismatch_list missing("missing in the file"), different("different"), extra("not in the model");
    std::vector<const tensor_info*> matched;
    for (const auto& tensor : wanted) {
        const auto found = left.find(tensor.name);
        if (found == left.end()) {
            missing.add(tensor.name + " " + shape_text(tensor.shape));
            continue;
        }
        const tensor_info& info = *found->second;
        if (info.shape != tensor.shape)
            different.add(tensor.name + " is " + shape_text(info.shape) + " in the file, " +
                          shape_text(tensor.shape) + " in the model");
        else if (!is_real(info.type))
            different.add(tensor.name + " is " + std::string(name_of(info.type)) +
                          " in the file, not numbers");
        matched.push_back(&info);
        left.erase(found);
    }
    for (const tensor_info& info : file.tensors())
        if (left.count(info.name) != 0 && !is_batch_counter(info))
            extra.add(json_reader::shortened(info.name) + " " + shape_text(info.shape));
    if (!missing.empty() || !different.empty() || !extra.empty())
        raise("cannot load model", where,
              "the file does not match the model" + missing.text() + different.text() + extra.text());
    return matched;
}

}  // namespace io::detail

/// What save and load need: a member state() that lists all tensors, as std::vector<named_tensor<T>>.
template <class Model>
concept has_state = requires(Model& model) {
    model.state().front().name;
};

/// Writes all parameters and buffers of a model to a safetensors file, which PyTorch's safetensors package
/// reads. The file appears in one step: whatever moment the process dies at, the old file or the new one is
/// there, whole. Error where it cannot be written.
template <class Model>
requires has_state<const Model>
void save(const Model& model, const std::filesystem::path& path,
          const std::map<std::string, std::string>& metadata = {{"format", "pt"}}) {
    io::write_safetensors(path, model.state(), metadata);
}

/// Reads all parameters and buffers of a model from a safetensors file; F64, F32, F16 and BF16 are converted.
/// Names and shapes must be exactly the model's, but for PyTorch's num_batches_tracked. Error, with the model
/// untouched, where the file is broken, or does not match: then one message lists what is missing, different
/// and too much.
template <class Model>
requires has_state<Model>
void load(Model& model, const std::filesystem::path& path) {
    const auto state = model.state();
    using number = typename std::remove_reference_t<decltype(state.front().data)>::value_type;
    io::safetensors_file file(path);
    const auto infos = io::detail::match_tensors(state, file, path.string());
    // All is read before anything is changed: reading may still fail. The file has as many elements.
    std::vector<std::vector<number>> values(infos.size());
    for (std::size_t i = 0; i < infos.size(); ++i) {
        values[i].resize(infos[i]->elements());
        if (values[i].size() != state[i].data.size())
            file.fail(*infos[i], "the model's shape and its number of elements disagree");
        file.read(*infos[i], std::span<number>(values[i]));
    }
    for (std::size_t i = 0; i < infos.size(); ++i)
        for (std::size_t j = 0; j < values[i].size(); ++j) state[i].data[j] = values[i][j];
}

}  // namespace weft
