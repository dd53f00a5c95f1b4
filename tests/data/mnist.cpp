#include "weft/data/mnist.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include "../catch.hpp"
#include "files.hpp"

namespace data = weft::data;
using weft_test::failure;
using weft_test::gzip;
using weft_test::idx_header;

namespace {

std::string images(std::uint32_t count, unsigned char first = 0, std::uint32_t side = 28) {
    std::string bytes = idx_header(8, {count, side, side});
    for (std::uint32_t i = 0; i < count; ++i) bytes += std::string(std::size_t{side} * side, char(first + i));
    return bytes;
}

std::string labels(const std::string& values) {
    return idx_header(8, {std::uint32_t(values.size())}) + values;
}

}  // namespace

TEST_CASE("MNIST is found under both spellings, packed or not", "[data][mnist]") {
    const weft_test::temporary_folder folder;
    CHECK_THAT(failure([&] { data::mnist(folder.path()); }),
               contains("cannot read MNIST") && contains("there is no file of the name") &&
                   contains("train-images-idx3-ubyte, train-images-idx3-ubyte.gz, train-images.idx3-ubyte, "
                            "train-images.idx3-ubyte.gz"));
    CHECK_THAT(failure([&] { data::fashion_mnist(folder / "nowhere"); }),
               contains("cannot read Fashion-MNIST") && contains("nowhere") &&
                   contains("there is no such folder") && contains("train-images-idx3-ubyte"));
    folder.write("train-images-idx3-ubyte", images(3, 253));
    CHECK_THAT(failure([&] { data::mnist(folder.path()); }), contains("train-labels-idx1-ubyte"));
    folder.write("train-labels-idx1-ubyte.gz", gzip(labels({1, 2, 9})));
    CHECK_THAT(failure([&] { data::kmnist(folder.path()); }), contains("t10k-images-idx3-ubyte"));
    folder.write("t10k-images.idx3-ubyte", images(2));
    folder.write("t10k-labels.idx1-ubyte.gz", gzip(labels({0, 5})));

    const auto [train, test] = data::mnist(folder.path());
    CHECK(train.size() == 3);
    CHECK(train.input_size == 784);
    CHECK(train.input(2)[783] == 1.0f);
    CHECK(train.input(0)[0] == 253.0f / 255.0f);
    CHECK(train.targets == std::vector<int>{1, 2, 9});
    CHECK(test.targets == std::vector<int>{0, 5});
    CHECK(train.class_names.size() == 10);
    CHECK(data::fashion_mnist(folder.path()).test.class_names[9] == "Ankle boot");
    CHECK(data::kmnist(folder.path()).train.class_names[9] == "wo");
}

TEST_CASE("images and labels that do not fit are refused", "[data][mnist][malformed]") {
    const weft_test::temporary_folder folder;
    const auto good_images = folder.write("images", images(3)),
               good_labels = folder.write("labels", labels("abc"));
    CHECK(data::idx_images(good_images, good_labels).targets == std::vector<int>{'a', 'b', 'c'});
    const auto small = folder.write("small", images(3, 0, 5));
    CHECK(data::idx_images(small, good_labels).input_size == 25);

    CHECK_THAT(failure([&] { data::idx_images(good_images, folder.write("four", labels("abcd"))); }),
               contains("4 labels, but 3 images"));
    CHECK_THAT(failure([&] { data::idx_images(good_labels, good_labels); }), contains("2 dimensions"));
    CHECK_THAT(failure([&] { data::idx_images(good_images, good_images); }),
               contains("1 dimension, got 3x28x28"));
    CHECK_THAT(failure([&] {
                   data::idx_images(folder.write("floats", idx_header(0x0D, {1, 1}) + "abcd"), good_labels);
               }),
               contains("need bytes"));
    CHECK_THAT(failure([&] { data::idx_images(folder.write("none", images(0)), good_labels); }),
               contains("no images"));

    folder.write("train-images-idx3-ubyte", images(3));
    folder.write("train-labels-idx1-ubyte", labels({1, 10, 2}));
    CHECK_THAT(failure([&] { data::mnist(folder.path()); }), contains("label 10 of image 1 is not below 10"));
    folder.write("train-labels-idx1-ubyte", labels({1, 1, 2}));
    folder.write("train-images-idx3-ubyte", images(3, 0, 27));
    CHECK_THAT(failure([&] { data::mnist(folder.path()); }), contains("729 pixels, not 28x28"));
}

TEST_CASE("the real MNIST", "[data][mnist]") {
    if (weft_test::data_folder().empty()) {
        WARN("SKIPPED: set WEFT_DATA_DIR to the folder that holds mnist/");
        return;
    }
    const auto [train, test] = data::mnist(weft_test::data_folder() / "mnist");
    CHECK(train.size() == 60000);
    CHECK(test.size() == 10000);
    CHECK(train.targets[0] == 5);
    CHECK(test.targets[0] == 7);
    CHECK(std::count(train.targets.begin(), train.targets.end(), 0) == 5923);
    // The mean and deviation that everybody normalizes MNIST with.
    CHECK(std::accumulate(train.inputs.begin(), train.inputs.end(), 0.0) / double(train.inputs.size()) ==
          Approx(0.1307).margin(5e-5));
}
