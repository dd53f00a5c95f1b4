#pragma once
/// The digits that come with weft.
///
///     auto [train, test] = data::digits("examples/data/digits.csv");
///     const auto all = data::all_digits("examples/data/digits.csv");

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "csv_table.hpp"
#include "dataset.hpp"
#include "shuffle.hpp"

namespace weft::data {

/// The handwritten digits of examples/data/digits.csv (Alpaydin and Kaynak, 1998), all of them in the file's
/// order: 8x8 pixels / 16 and a label 0 … 9. `path` is the file or its folder. Error where it is not in that
/// form.
inline dataset<float, int> all_digits(const std::string& path) {
    const csv_table table = read_csv(detail::is_folder(path) ? detail::inside(path, "digits.csv") : path);
    const std::size_t digit = table.column("digit"), pixels = table.column("pixels");
    dataset<float, int> samples;
    samples.input_size = 8 * 8;
    samples.class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    for (std::size_t row = 0; row < table.rows(); ++row) {
        const std::string_view label = table.field(row, digit), word = table.field(row, pixels);
        if (label.size() != 1 || label[0] < '0' || label[0] > '9') table.fail(row, digit, "this is no digit");
        if (word.size() != samples.input_size)
            table.fail(row, pixels, std::to_string(word.size()) + " letters instead of 64");
        for (const char letter : word) {
            const std::size_t level = std::string_view("0123456789abcdefg").find(letter);
            if (level == std::string_view::npos) table.fail(row, pixels, "a letter that is not in 0-9a-g");
            samples.inputs.push_back(float(level) / 16.0f);
        }
        samples.targets.push_back(label[0] - '0');
    }
    return samples;
}

/// The same, shuffled and cut in two with each digit in the same share; a fifth is held out unless said
/// otherwise. Errors as all_digits and stratified_split.
inline train_test<float, int> digits(const std::string& path, double held_out = 0.2, seed s = seed{1}) {
    auto [train, test] = stratified_split(all_digits(path), held_out, s);
    return {std::move(train), std::move(test)};
}

}  // namespace weft::data
