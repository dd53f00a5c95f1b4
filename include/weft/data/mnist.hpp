#pragma once
/// MNIST and the data sets that come in its form; reads gzip by zlib, so link with -lz.

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "dataset.hpp"
#include "gzip.hpp"
#include "idx.hpp"

namespace weft::data {

namespace detail {

inline idx_array read_packed_idx(const std::filesystem::path& path) {
    const origin from{"cannot read IDX", path.string()};
    file_source file(path, from);
    gzip_source unpacked(file, from);
    return read_idx_from(unpacked, from);
}

/// "train-images" and 3 dimensions: finds train-images-idx3-ubyte, train-images.idx3-ubyte, either with .gz.
inline std::filesystem::path find_idx(const std::filesystem::path& folder, const std::string& stem,
                                      int dimensions, const std::string& what) {
    std::string looked_for;
    std::error_code code;
    for (const char* joint : {"-", "."})
        for (const char* packed : {"", ".gz"}) {
            const std::string name = stem + joint + "idx" + std::to_string(dimensions) + "-ubyte" + packed;
            if (std::filesystem::exists(folder / name, code)) return folder / name;
            looked_for.append(looked_for.empty() ? "" : ", ").append(name);
        }
    const bool there = std::filesystem::is_directory(folder, code);
    raise(what, folder.string(),
          std::string(there ? "there is no file of the name" : "there is no such folder; looked in it for") +
              " " + looked_for);
}

inline dataset<float, int> labelled_images(const std::filesystem::path& images_path,
                                           const std::filesystem::path& labels_path,
                                           std::vector<std::string> class_names) {
    const origin images_from{"cannot read images", images_path.string()};
    const origin labels_from{"cannot read labels", labels_path.string()};
    const idx_array images = read_packed_idx(images_path);
    if (images.type != idx_type::u8 || images.shape.size() < 2)
        images_from.fail("images need bytes in at least 2 dimensions, the first of which counts them");
    const idx_array labels = read_packed_idx(labels_path);
    if (labels.type != idx_type::u8 || labels.shape.size() != 1)
        labels_from.fail("labels need bytes in 1 dimension, got " + shape_text(labels.shape));
    if (images.bytes.empty()) images_from.fail("there are no images in it: " + shape_text(images.shape));
    const std::size_t count = images.shape[0];
    if (labels.shape[0] != count)
        labels_from.fail(std::to_string(labels.shape[0]) + " labels, but " + std::to_string(count) +
                         " images in " + images_path.string());
    dataset<float, int> samples;
    samples.input_size = images.bytes.size() / count;
    samples.inputs.reserve(images.bytes.size());
    for (const unsigned char pixel : images.bytes) samples.inputs.push_back(float(pixel) / 255.0f);
    samples.targets.assign(labels.bytes.begin(), labels.bytes.end());
    for (std::size_t i = 0; i < count; ++i)
        if (!class_names.empty() && labels.bytes[i] >= class_names.size())
            labels_from.fail("label " + std::to_string(labels.bytes[i]) + " of image " + std::to_string(i) +
                             " is not below " + std::to_string(class_names.size()));
    samples.class_names = std::move(class_names);
    return samples;
}

inline dataset<float, int> mnist_half(const std::filesystem::path& folder, const std::string& half,
                                      const std::string& what, const std::vector<std::string>& class_names) {
    const auto images = find_idx(folder, half + "-images", 3, what);
    const auto labels = find_idx(folder, half + "-labels", 1, what);
    auto samples = labelled_images(images, labels, class_names);
    if (samples.input_size != 28 * 28)
        raise(what, images.string(),
              "its images have " + std::to_string(samples.input_size) + " pixels, not 28x28");
    return samples;
}

inline train_test<float, int> mnist_like(const std::filesystem::path& folder, const std::string& what,
                                         const std::vector<std::string>& class_names) {
    return {mnist_half(folder, "train", what, class_names), mnist_half(folder, "t10k", what, class_names)};
}

}  // namespace detail

/// Images and their labels from two IDX files, plain or gzip: any number of images of any size, pixels / 255.
/// Error unless both hold bytes, one label per image.
inline dataset<float, int> idx_images(const std::filesystem::path& images_path,
                                      const std::filesystem::path& labels_path) {
    return detail::labelled_images(images_path, labels_path, {});
}

/// MNIST, handwritten digits (LeCun et al., 1998): `auto [train, test] = weft::data::mnist(folder);`, 60,000
/// and 10,000 samples of 784 numbers in [0, 1] and a label 0 … 9. Reads train-images-idx3-ubyte[.gz] and its
/// three companions (also with a dot: train-images.idx3-ubyte). Error that names what was looked for.
inline train_test<float, int> mnist(const std::filesystem::path& folder) {
    return detail::mnist_like(folder, "cannot read MNIST",
                              {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
}

/// Fashion-MNIST, articles of clothing (Xiao et al., 2017), in files named as MNIST's.
inline train_test<float, int> fashion_mnist(const std::filesystem::path& folder) {
    return detail::mnist_like(folder, "cannot read Fashion-MNIST",
                              {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                               "Sneaker", "Bag", "Ankle boot"});
}

/// Kuzushiji-MNIST, cursive Japanese characters (Clanuwat et al., 2018), in files named as MNIST's.
inline train_test<float, int> kmnist(const std::filesystem::path& folder) {
    return detail::mnist_like(folder, "cannot read Kuzushiji-MNIST",
                              {"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"});
}

}  // namespace weft::data
