#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <span>
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
    explicit mismatch_list(std::string_view title) : title_(title) {}
    [[gnu::cold, gnu::noinline]] void add(std::initializer_list<std::string_view> item) {
        if (++count_ <= shown) items_ += message({count_ == 1 ? "" : "; ", message(item)});
    }
    bool empty() const { return count_ == 0; }
    /// "\n  missing in the file (2): a [3]; b [4]", or nothing.
    [[gnu::cold, gnu::noinline]] std::string text() const {
        if (empty()) return {};
        const std::string more =
            count_ > shown ? message({"; and ", decimal(count_ - shown), " more"}) : std::string();
        return message({"\n  ", title_, " (", decimal(count_), "): ", items_, more});
    }

private:
    static constexpr std::size_t shown = 20;
    std::string_view title_;
    std::string items_;
    std::size_t count_ = 0;
};

/// PyTorch's batch norm counts its batches in a scalar that only its momentum=None ever uses.
inline bool is_batch_counter(const tensor_info& tensor) {
    constexpr std::string_view name = "num_batches_tracked";
    const std::string_view full = tensor.name;
    return tensor.type == dtype::i64 && tensor.shape.empty() && full.ends_with(name) &&
           (full.size() == name.size() || full[full.size() - name.size() - 1] == '.');
}

/// A tensor that a model asks for.
struct wanted_tensor {
    std::string_view name;
    std::span<const std::size_t> shape;
    std::size_t elements;
};

/// Pairs what a model wants with what a file has.
class tensor_matcher {
public:
    explicit tensor_matcher(const safetensors_file& file) : file_(file) {
        for (const tensor_info& info : file.tensors()) {
            names_.push_back({0, 0, info.name, names_.size()});
            left_.push_back(&info);
        }
        sort_keys(names_);
    }
    /// The tensors of the file in the model's order; one error lists all that do not fit.
    std::vector<const tensor_info*> match(std::span<const wanted_tensor> wanted, const std::string& where) {
        std::vector<const tensor_info*> matched;
        for (const wanted_tensor& tensor : wanted)
            if (const tensor_info* const info = take(tensor.name); info != nullptr) {
                compare(*info, tensor);
                matched.push_back(info);
            } else {
                missing_.add({tensor.name, " ", shape_text(tensor.shape)});
            }
        for (const tensor_info* const info : left_)
            if (info != nullptr && !is_batch_counter(*info))
                extra_.add({json_reader::shortened(info->name), " ", shape_text(info->shape)});
        if (!missing_.empty() || !different_.empty() || !extra_.empty())
            raise_parts(
                "cannot load model", where,
                {"the file does not match the model", missing_.text(), different_.text(), extra_.text()});
        for (std::size_t i = 0; i < wanted.size(); ++i)
            if (matched[i]->elements() != wanted[i].elements)
                file_.fail(*matched[i], {"the model's shape and its number of elements disagree"});
        return matched;
    }

private:
    /// The tensor of that name, once; then nullptr, as where there is none.
    const tensor_info* take(std::string_view name) {
        std::size_t begin = 0, end = names_.size();
        while (begin < end) {
            const std::size_t middle = begin + (end - begin) / 2;
            if (names_[middle].name < name)
                begin = middle + 1;
            else
                end = middle;
        }
        if (begin == names_.size() || names_[begin].name != name) return nullptr;
        return std::exchange(left_[names_[begin].index], nullptr);
    }
    void compare(const tensor_info& info, const wanted_tensor& tensor) {
        if (!std::equal(info.shape.begin(), info.shape.end(), tensor.shape.begin(), tensor.shape.end()))
            different_.add({tensor.name, " is ", shape_text(info.shape), " in the file, ",
                            shape_text(tensor.shape), " in the model"});
        else if (!is_real(info.type))
            different_.add({tensor.name, " is ", name_of(info.type), " in the file, not numbers"});
    }

    const safetensors_file& file_;
    std::vector<sort_key> names_;
    /// In the order of the file; nullptr for what has been taken.
    std::vector<const tensor_info*> left_;
    mismatch_list missing_{"missing in the file"}, different_{"different"}, extra_{"not in the model"};
};

}  // namespace io::detail

/// What save and load need: a member state() that lists all tensors, as std::vector<named_tensor<T>>.
/// Optional: check_state(numbers, path), which may refuse what load has read.
template <class Model>
concept has_state = requires(Model& model) {
    model.state().front().name;
};

/// A model whose numbers are not in the host's memory: it gives a copy that is, and takes one over.
template <class Model>
concept lives_elsewhere = requires(Model& model) {
    model.assign(model.on_host());
};

/// Writes all parameters and buffers of a model to a safetensors file, which PyTorch's safetensors package
/// reads. The file appears in one step: whatever moment the process dies at, the old file or the new one is
/// there, whole. Error where it cannot be written.
template <class Model>
requires has_state<const Model> || lives_elsewhere<Model>
void save(const Model& model, const std::string& path,
          const io::metadata_entries& metadata = {{"format", "pt"}}) {
    if constexpr (lives_elsewhere<Model>)
        save(model.on_host(), path, metadata);
    else
        io::write_safetensors(path, model.state(), metadata);
}

template <lives_elsewhere Model>
void load(Model& model, const std::string& path) {
    auto copy = model.on_host();
    load(copy, path);
    model.assign(copy);
}
/// Reads all parameters and buffers of a model from a safetensors file; F64, F32, F16 and BF16 are converted.
/// Names and shapes must be exactly the model's, but for PyTorch's num_batches_tracked. Error, with the model
/// untouched, where the file is broken, or does not match: then one message lists what is missing, different
/// and too much.
template <class Model>
requires has_state<Model>
void load(Model& model, const std::string& path) {
    const auto state = model.state();
    using number = typename std::remove_reference_t<decltype(state.front().data)>::value_type;
    io::safetensors_file file(path);
    std::vector<io::detail::wanted_tensor> wanted;
    std::size_t total = 0;
    for (const auto& tensor : state) {
        wanted.push_back({tensor.name, tensor.shape, tensor.data.size()});
        total += tensor.data.size();
    }
    const auto infos = io::detail::tensor_matcher(file).match(wanted, path);
    // All is read before anything is changed: reading may still fail.
    std::vector<number> values(total);
    std::size_t at = 0;
    for (const auto* info : infos) {
        file.read(*info, std::span<number>(values).subspan(at, info->elements()));
        at += info->elements();
    }
    if constexpr (requires { model.check_state(values, path); }) model.check_state(values, path);
    at = 0;
    for (const auto& tensor : state)
        for (number& each : tensor.data) each = values[at++];
}

}  // namespace weft
