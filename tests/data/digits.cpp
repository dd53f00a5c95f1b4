#include "weft/data/digits.hpp"

#include <algorithm>
#include <filesystem>
#include <string>

#include "../catch.hpp"
#include "files.hpp"

namespace data = weft::data;
using weft_test::failure;

namespace {

std::filesystem::path shipped() {
    return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "examples/data";
}

}  // namespace

TEST_CASE("the digits that weft ships", "[data][digits]") {
    if (!std::filesystem::exists(shipped() / "digits.csv")) {
        WARN("SKIPPED: the tests were built in a place from which " << shipped() << " is not to be seen");
        return;
    }
    const auto all = data::all_digits(shipped() / "digits.csv");
    CHECK(all.size() == 1797);
    CHECK(all.input_size == 64);
    CHECK(all.targets[0] == 0);
    CHECK(all.targets[1796] == 8);
    CHECK(all.input(0)[2] == 5.0f / 16.0f);
    CHECK(std::count(all.targets.begin(), all.targets.end(), 3) == 183);
    CHECK(*std::max_element(all.inputs.begin(), all.inputs.end()) == 1.0f);
    double sum = 0;
    for (const float pixel : all.inputs) sum += double(pixel) * 16;
    CHECK(sum == 561718.0);

    const auto [train, test] = data::digits(shipped());
    CHECK(train.size() + test.size() == 1797);
    CHECK(test.size() == 359);
    CHECK(test.class_names[7] == "7");
    for (int digit = 0; digit < 10; ++digit) {
        const auto held = std::count(test.targets.begin(), test.targets.end(), digit);
        CHECK(held >= 34);
        CHECK(held <= 37);
    }
    CHECK(test.inputs == data::digits(shipped(), 0.2, weft::seed{1}).test.inputs);
    CHECK(test.inputs != data::digits(shipped(), 0.2, weft::seed{2}).test.inputs);
}

TEST_CASE("digits in another form are refused", "[data][digits][malformed]") {
    const weft_test::temporary_folder folder;
    const std::string word(64, 'g');
    CHECK(data::all_digits(folder.write("digits.csv", "digit,pixels\n7," + word)).targets[0] == 7);
    CHECK(data::all_digits(folder.path()).inputs[63] == 1.0f);
    CHECK_THAT(failure([&] { data::all_digits(folder.write("a.csv", "digit,pixels\n10," + word)); }),
               contains("a.csv:2:1: column 'digit': this is no digit"));
    CHECK_THAT(failure([&] { data::all_digits(folder.write("a.csv", "digit,pixels\n1," + word + "0")); }),
               contains("65 letters"));
    CHECK_THAT(
        failure([&] { data::all_digits(folder.write("a.csv", "digit,pixels\n1,h" + word.substr(1))); }),
        contains("a.csv:2:2") && contains("not in 0-9a-g"));
    CHECK_THAT(failure([&] { data::all_digits(folder.write("a.csv", "digit,pixel\n1,2")); }),
               contains("there is no 'pixels'"));
    CHECK_THAT(failure([&] { data::digits(folder / "none.csv"); }), contains("no such file"));
}
