#pragma once
/// MNIST and the data sets that come in its form; reads gzip by zlib, so link with -lz.
///
///     auto [train, test] = data::mnist("mnist");  // a folder with the four files
///     auto [clothes, more_clothes] = data::fashion_mnist("fashion");
///     auto [kana, more_kana] = data::kmnist("kmnist");
///     const auto other = data::idx_images("letters-idx3-ubyte.gz", "letters-labels-idx1-ubyte.gz");
///     data::train_test<float, int> both = data::mnist("mnist");

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "dataset.hpp"
#include "gzip.hpp"
#include "idx.hpp"

namespace weft::data {

namespace detail {

/// What a gzipped file may unpack to: one of a megabyte may hold a thousand of them.
inline constexpr std::size_t idx_limit = std::size_t{1} << 30;

inline idx_array read_packed_idx(const std::string& path, std::size_t limit) {
    const origin from{"cannot read IDX", path};
    file_source file(path, from);
    gzip_source unpacked(file, from);
    return read_idx_from(unpacked, from, limit);
}

/// "train-images" and "3" dimensions: finds train-images-idx3-ubyte, train-images.idx3-ubyte, either with
/// .gz.
inline std::string find_idx(const std::string& folder, std::string_view stem, std::string_view dimensions,
                            std::string_view what) {
    std::string looked_for;
    for (const char* joint : {"-", "."})
        for (const char* packed : {"", ".gz"}) {
            const std::string name = message({stem, joint, "idx", dimensions, "-ubyte", packed});
            std::string path = inside(folder, name);
            if (exists(path)) return path;
            looked_for += message({looked_for.empty() ? "" : ", ", name});
        }
    raise_parts(
        what, folder,
        {is_folder(folder) ? "there is no file of the name" : "there is no such folder; looked in it for",
         " ", looked_for});
}

/// What the classes of a data set are called.
using class_name_list = std::initializer_list<std::string_view>;

inline dataset<float, int> labelled_images(const std::string& images_path, const std::string& labels_path,
                                           class_name_list class_names, std::size_t limit = idx_limit) {
    const origin images_from{"cannot read images", images_path};
    const origin labels_from{"cannot read labels", labels_path};
    const idx_array images = read_packed_idx(images_path, limit);
    if (images.type != idx_type::u8 || images.shape.size() < 2)
        images_from.fail({"images need bytes in at least 2 dimensions, the first of which counts them"});
    const idx_array labels = read_packed_idx(labels_path, limit);
    if (labels.type != idx_type::u8 || labels.shape.size() != 1)
        labels_from.fail({"labels need bytes in 1 dimension, got ", shape_text(labels.shape)});
    if (images.bytes.empty()) images_from.fail({"there are no images in it: ", shape_text(images.shape)});
    const std::size_t count = images.shape[0];
    if (labels.shape[0] != count)
        labels_from.fail(
            {decimal(labels.shape[0]), " labels, but ", decimal(count), " images in ", images_path});
    dataset<float, int> samples;
    samples.input_size = images.bytes.size() / count;
    samples.inputs.resize(images.bytes.size());
    for (std::size_t i = 0; i < images.bytes.size(); ++i) samples.inputs[i] = float(images.bytes[i]) / 255.0f;
    samples.targets.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        samples.targets[i] = labels.bytes[i];
        if (class_names.size() != 0 && labels.bytes[i] >= class_names.size())
            labels_from.fail({"label ", decimal(labels.bytes[i]), " of image ", decimal(i), " is not below ",
                              decimal(class_names.size())});
    }
    for (const std::string_view name : class_names) samples.class_names.emplace_back(name);
    return samples;
}

inline dataset<float, int> mnist_half(const std::string& folder, std::string_view half, std::string_view what,
                                      class_name_list class_names) {
    const std::string images = find_idx(folder, message({half, "-images"}), "3", what);
    const std::string labels = find_idx(folder, message({half, "-labels"}), "1", what);
    auto samples = labelled_images(images, labels, class_names);
    if (samples.input_size != 28 * 28)
        raise_parts(what, images, {"its images have ", decimal(samples.input_size), " pixels, not 28x28"});
    return samples;
}

inline train_test<float, int> mnist_like(const std::string& folder, std::string_view what,
                                         class_name_list class_names) {
    return {mnist_half(folder, "train", what, class_names), mnist_half(folder, "t10k", what, class_names)};
}

}  // namespace detail

/// Images and their labels from two IDX files, plain or gzip: any number of images of any size, pixels / 255.
/// Error unless both hold bytes, one label per image, and at most `limit` bytes each when unpacked.
inline dataset<float, int> idx_images(const std::string& images_path, const std::string& labels_path,
                                      std::size_t limit = detail::idx_limit) {
    return detail::labelled_images(images_path, labels_path, {}, limit);
}

/// MNIST, handwritten digits (LeCun et al., 1998): 60,000 and 10,000 samples of 784 numbers in [0, 1] and a
/// label 0 … 9. Reads train-images-idx3-ubyte[.gz] and its
/// three companions (also with a dot: train-images.idx3-ubyte). Error where one is missing, with the names
/// that were looked for, or broken.
inline train_test<float, int> mnist(const std::string& folder) {
    return detail::mnist_like(folder, "cannot read MNIST",
                              {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
}

/// Fashion-MNIST, articles of clothing (Xiao et al., 2017), in files named as MNIST's. Errors as mnist.
inline train_test<float, int> fashion_mnist(const std::string& folder) {
    return detail::mnist_like(folder, "cannot read Fashion-MNIST",
                              {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                               "Sneaker", "Bag", "Ankle boot"});
}

/// Kuzushiji-MNIST, cursive Japanese characters (Clanuwat et al., 2018), in files named as MNIST's. Errors as
/// mnist.
inline train_test<float, int> kmnist(const std::string& folder) {
    return detail::mnist_like(folder, "cannot read Kuzushiji-MNIST",
                              {"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"});
}

}  // namespace weft::data
