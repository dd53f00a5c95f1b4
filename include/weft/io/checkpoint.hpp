#pragma once
/// Models, and trainers with all that they go on from.
///
///     model<net, cpu> model{seed{1}};
///     trainer train{model, softmax_cross_entropy, adam{}};
///     save(model, "flowers.safetensors");
///     load(model, "flowers.safetensors");
///     save(train, "run.safetensors");
///     load(train, "run.safetensors");
///     for (const auto& [key, text] : load_metadata("run.safetensors")) std::puts(key.c_str());
///     static_assert(has_state<decltype(model)> && !lives_elsewhere<decltype(model)>);

#include <algorithm>
#include <cmath>
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

/// A trainer's checkpoint has this among its tensors, and its other own ones start in the same way.
inline constexpr std::string_view steps_of_a_trainer = "optimizer.steps", of_a_trainer = "optimizer.";

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
        bool wants_steps = false;
        for (const wanted_tensor& tensor : wanted)
            wants_steps = wants_steps || tensor.name == steps_of_a_trainer;
        const bool has_steps = file_.find(steps_of_a_trainer) != nullptr;
        for (const wanted_tensor& tensor : wanted)
            if (const tensor_info* const info = take(tensor.name); info != nullptr) {
                compare(*info, tensor);
                matched.push_back(info);
            } else {
                missing_.add({tensor.name, " ", shape_text(tensor.shape)});
            }
        for (const tensor_info* const info : left_)
            if (info != nullptr && !is_batch_counter(*info) &&
                !(has_steps && !wants_steps && info->name.starts_with(of_a_trainer)))
                extra_.add({json_reader::shortened(info->name), " ", shape_text(info->shape)});
        if (!missing_.empty() || !different_.empty() || !extra_.empty())
            raise_parts(
                "cannot load model", where,
                {"the file does not match the model",
                 wants_steps && !has_steps ? " (it is no trainer's checkpoint: load it into the model)" : "",
                 missing_.text(), different_.text(), extra_.text()});
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

/// Error for numbers that no training leaves: such as are not finite, and negative variances.
template <class T>
void check_numbers(std::string_view name, std::span<const T> numbers, const std::string& where) {
    const bool variance = name.ends_with("running_var");
    for (std::size_t i = 0; i < numbers.size(); ++i)
        if (!std::isfinite(numbers[i]) || (variance && numbers[i] < 0))
            raise_parts("cannot load model", where,
                        {"tensor '", name, "': element ", decimal(i),
                         std::isfinite(numbers[i]) ? " is negative, which no variance is"
                                                   : " is not a finite number"});
}

}  // namespace io::detail

/// What save and load need: a member state() that lists all tensors, as std::vector<named_tensor<T>>.
/// Optional: check_state(numbers, path), which may refuse what load has read; metadata(), which save writes
/// too, check_metadata(entries, path), which may refuse what a file has of it before anything is changed, and
/// take_metadata(entries), for what a model takes over.
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
/// reads, or all that a trainer goes on from. `metadata` are texts of your own, such as
/// data::to_metadata(encoding). The file appears in one step: whatever moment the process dies at, the old
/// file or the new one is there, whole. Error where it cannot be written, or the old one may not be.
template <class Model>
requires has_state<const Model> || lives_elsewhere<Model>
void save(const Model& model, const std::string& path,
          const metadata_entries& metadata = {{"format", "pt"}}) {
    if constexpr (lives_elsewhere<Model>) {
        save(model.on_host(), path, metadata);
    } else if constexpr (requires { model.metadata(); }) {
        metadata_entries all = model.metadata();
        for (const auto& entry : metadata)
            if (find_metadata(all, entry.first) == nullptr) all.push_back(entry);
        io::write_safetensors(path, model.state(), all);
    } else {
        io::write_safetensors(path, model.state(), metadata);
    }
}

template <lives_elsewhere Model>
void load(Model& model, const std::string& path) {
    auto copy = model.on_host();
    load(copy, path);
    model.assign(copy);
}
/// Reads all parameters and buffers of a model from a safetensors file; F64, F32, F16 and BF16 are converted.
/// Names and shapes must be exactly the model's, but for PyTorch's num_batches_tracked, and for what a
/// trainer's checkpoint has beside its model. Error, with the model untouched, where the file is broken, does
/// not match (then one message lists what is missing, different and too much), or has numbers that are not
/// finite or variances below zero.
///
/// A trainer takes the seed over, too, so that going on gives the bits of a run without a break, and the size
/// of the batches that fit must keep to; error where the file is of another optimiser. Files that say
/// neither, as those of earlier versions, load as they are.
template <class Model>
requires has_state<Model>
void load(Model& model, const std::string& path) {
    const auto state = model.state();
    using number = typename std::remove_reference_t<decltype(state.front().data)>::value_type;
    io::safetensors_file file(path);
    if constexpr (requires { model.check_metadata(file.metadata(), path); })
        model.check_metadata(file.metadata(), path);
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
    for (const auto& tensor : state) {
        io::detail::check_numbers<number>(tensor.name, std::span(values).subspan(at, tensor.data.size()),
                                          path);
        at += tensor.data.size();
    }
    at = 0;
    for (const auto& tensor : state)
        for (number& each : tensor.data) each = values[at++];
    if constexpr (requires { model.take_metadata(file.metadata()); }) model.take_metadata(file.metadata());
}

/// The texts that a safetensors file has beside its tensors. Error where it is none.
inline metadata_entries load_metadata(const std::string& path) {
    return io::safetensors_file(path).metadata();
}

}  // namespace weft
