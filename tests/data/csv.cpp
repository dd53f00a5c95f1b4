#include "weft/data/csv.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "files.hpp"
#include "weft/data/csv_gzip.hpp"
#include "weft/data/metadata.hpp"

namespace data = weft::data;
using weft_test::failure;

namespace {

data::dataset<float, int> classes(const std::string& text, const data::csv_options& options = {}) {
    const auto table = data::parse_csv(text, options, "t.csv");
    return data::encode_classes(table, data::fit_encoding(table, options));
}
data::dataset<float, float> numbers(const std::string& text, const data::csv_options& options = {}) {
    const auto table = data::parse_csv(text, options, "t.csv");
    return data::encode_numbers(table, data::fit_encoding(table, options));
}

}  // namespace

TEST_CASE("CSV becomes a dataset for classification", "[data][csv]") {
    const std::string text = "x,y,kind\n1,2,pear\n+3.5,-4e1,apple\n.5,1e-50,pear\n";
    const auto samples = classes(text);
    CHECK(samples.input_size == 2);
    CHECK(samples.inputs == std::vector<float>{1, 2, 3.5f, -40, 0.5f, 0});
    CHECK(samples.targets == std::vector<int>{1, 0, 1});
    CHECK(samples.class_names == std::vector<std::string>{"apple", "pear"});

    const auto seen = classes(text, {.classes = data::class_order::first_seen});
    CHECK(seen.targets == std::vector<int>{0, 1, 0});
    CHECK(seen.class_names == std::vector<std::string>{"pear", "apple"});

    CHECK(classes("x,y\n1,10\n1,9\n1,-1\n").class_names == std::vector<std::string>{"-1", "9", "10"});
    CHECK(classes("x,y\n1,10\n1,9\n1,b\n").class_names == std::vector<std::string>{"10", "9", "b"});
    const auto first = classes("kind,x,id\nb,1,7\na,2,8\n", {.target = "kind", .ignore = {"id"}});
    CHECK(first.targets == std::vector<int>{1, 0});
    CHECK(first.inputs == std::vector<float>{1, 2});
}

TEST_CASE("CSV becomes a dataset for regression", "[data][csv]") {
    const auto samples = numbers("1;2;0.5\n3;4;-1\n", {.header = false, .delimiter = ';'});
    CHECK(samples.inputs == std::vector<float>{1, 2, 3, 4});
    CHECK(samples.targets == std::vector<float>{0.5f, -1});
    CHECK(samples.class_names.empty());
}

TEST_CASE("categories become one input each", "[data][csv]") {
    const std::string text = "colour,size,y\nred,1,0\nblue,2,1\nred,3,1\n";
    const auto samples = classes(text, {.categorical = {"colour"}});
    CHECK(samples.input_size == 3);
    CHECK(samples.inputs == std::vector<float>{0, 1, 1, 1, 0, 2, 0, 1, 3});
    CHECK(classes(text, {.one_hot_text = true}).inputs == samples.inputs);
    CHECK(classes(text, {.categorical = {"size"}, .one_hot_text = true}).input_size == 5);

    // What was fitted on one table is applied to another.
    const auto train = data::parse_csv(text);
    const auto encoding = data::fit_encoding(train, {.one_hot_text = true});
    const auto test = data::encode_classes(data::parse_csv("size,colour,y\n9,blue,1\n"), encoding);
    CHECK(test.inputs == std::vector<float>{1, 0, 9});
    CHECK(test.targets == std::vector<int>{1});
}

TEST_CASE("rows with missing values are an error or left out", "[data][csv]") {
    const std::string text = "x,note,y\n1,a,0\n?,b,1\n3,NA,1\n4,d,\n5,e,0\n";
    CHECK_THAT(failure([&] { classes(text, {.ignore = {"note"}}); }),
               contains("cannot read CSV: t.csv:3:1: column 'x': the value is missing"));
    const auto samples = classes(text, {.drop_missing = true, .ignore = {"note"}});
    CHECK(samples.inputs == std::vector<float>{1, 3, 5});
    CHECK(samples.class_names == std::vector<std::string>{"0", "1"});
    CHECK(classes(text, {.drop_missing = true, .one_hot_text = true}).size() == 2);
    CHECK_THAT(failure([&] { classes("x,y\n?,1\n1,\n", {.drop_missing = true}); }), contains("every row"));
    CHECK(numbers("x,y\n-999,1\n2,3\n", {.missing = {"-999"}, .drop_missing = true}).size() == 1);
}

TEST_CASE("fields that cannot be numbers give one error with their place", "[data][csv][malformed]") {
    struct broken {
        std::string field, expected;
    };
    const std::vector<broken> cases = {
        {"abc", "'abc' is no number"},      {"1.2.3", "'1.2.3' is no number"},
        {"1,5", "'1,5' is no number"},      {"0x10", "'0x10' is no number"},
        {"1e", "'1e' is no number"},        {"--1", "'--1' is no number"},
        {"+-1", "'+-1' is no number"},      {"1 2", "'1 2' is no number"},
        {"12abc", "'12abc' is no number"},  {"+", "'+' is no number"},
        {"1e39", "'1e39' is out of range"}, {"-1e400", "out of range"},
        {"inf", "not a finite number"},     {"-nan", "not a finite number"},
        {"?", "the value is missing"},      {"", "the value is missing"},
        {"NA", "the value is missing"},     {std::string(1000, '9'), "999…' is out of range"},
    };
    for (const broken& each : cases) {
        const std::string text = "x,y\n1,2\n3,\"" + each.field + "\"\n";
        CHECK_THAT(failure([&] { numbers(text); }),
                   contains("cannot read CSV: t.csv:3:2: column 'y': ") && contains(each.expected));
    }
}

TEST_CASE("options that do not fit the table are errors", "[data][csv][malformed]") {
    const std::string text = "x,y\na,1\nb,2\n";
    CHECK_THAT(failure([&] { classes(text, {.target = "z"}); }), contains("there is no 'z' among: x, y"));
    CHECK_THAT(failure([&] { classes(text, {.ignore = {"z"}}); }), contains("there is no 'z'"));
    CHECK_THAT(failure([&] { classes(text, {.categorical = {"z"}}); }), contains("there is no 'z'"));
    CHECK_THAT(failure([&] { classes(text, {.ignore = {"y"}}); }), contains("column 'y' is the target"));
    CHECK_THAT(failure([&] { classes(text, {.ignore = {"x"}}); }), contains("no column is left"));
    CHECK_THAT(failure([&] { classes(text, {.one_hot_text = true, .max_categories = 1}); }),
               contains("column 'x' has 2 categories"));
    CHECK_THAT(failure([&] { classes("x,y\n?,1\n", {.categorical = {"x"}}); }), contains("has 0 categories"));
    CHECK_THAT(failure([&] { classes(text); }), contains("t.csv:2:1: column 'x': 'a' is no number"));

    const auto encoding = data::fit_encoding(data::parse_csv(text), {.one_hot_text = true});
    CHECK_THAT(failure([&] { data::encode_classes(data::parse_csv("x,y\nc,1\n"), encoding); }),
               contains("'c' is none of the known categories"));
    CHECK_THAT(failure([&] { data::encode_classes(data::parse_csv("x,y\nb,3\n"), encoding); }),
               contains("'3' is none of the known classes"));
    CHECK_THAT(failure([&] { data::encode_classes(data::parse_csv("x,z\nb,3\n"), encoding); }),
               contains("there is no 'y'"));
}

TEST_CASE("a first row that may be a sample needs a decision", "[data][csv]") {
    const weft_test::temporary_folder folder;
    const auto iris = folder.write("iris.csv", "5.1,3.5,1.4,0.2,setosa\n7.0,3.2,4.7,1.4,versicolor\n");
    CHECK_THAT(failure([&] { data::csv_classification(iris); }),
               contains("iris.csv:1:1: a number in the first row: ") && contains(".header = false") &&
                   contains(".header = true"));
    CHECK(data::csv_classification(iris, {.header = false}).size() == 2);
    CHECK(data::csv_classification(iris, {.header = true}).size() == 1);
    CHECK(data::csv_classification(iris, {.column_names = {"a", "b", "c", "d", "kind"}}).size() == 2);
    CHECK_THAT(failure([&] { numbers("year,2019,2020\n1,2,3\n"); }), contains("t.csv:1:2: a number"));
    CHECK_THAT(failure([&] { numbers("red,1\nblue,2\n", {.one_hot_text = true}); }), contains("t.csv:1:2: "));
    CHECK(numbers("1x,nan,inf,NA,-,y\n1,2,3,4,5,6\n").size() == 1);
}

TEST_CASE("inputs alone are encoded for predictions", "[data][csv]") {
    const std::string text = "x,colour,y\n1,red,a\n2,blue,b\n?,red,a\n";
    const auto table = data::parse_csv(text);
    const auto encoding = data::fit_encoding(table, {.drop_missing = true, .one_hot_text = true});
    CHECK(data::encode_inputs(data::parse_csv("colour,x\nblue,7\nred,8\n"), encoding) ==
          std::vector<float>{7, 1, 0, 8, 0, 1});
    // Nothing is left out, so that predictions and rows agree.
    CHECK_THAT(failure([&] { data::encode_inputs(table, encoding); }),
               contains("4:1: column 'x': the value is missing"));
    CHECK_THAT(failure([&] { data::encode_inputs(data::parse_csv("x\n1\n"), encoding); }),
               contains("there is no 'colour'"));
}

TEST_CASE("an encoding goes through metadata", "[data][csv][metadata]") {
    const auto table = data::parse_csv("x,\"a \"\"b\"\"\\\",y\n1,rot,\xC3\xA4\n2,\"x\n,[{\",b\n");
    const auto encoding = data::fit_encoding(table, {.drop_missing = true, .one_hot_text = true});
    const auto metadata = data::to_metadata(encoding);
    const auto again = data::encoding_from(metadata);
    REQUIRE(again.features.size() == 2);
    CHECK(again.features[0].column == "x");
    CHECK(again.features[0].categories.empty());
    CHECK(again.features[1].column == "a \"b\"\\");
    CHECK(again.features[1].categories == std::vector<std::string>{"rot", "x\n,[{"});
    CHECK(again.target == "y");
    CHECK(again.drop_missing);
    CHECK(again.class_names == std::vector<std::string>{"b", "\xC3\xA4"});
    CHECK(data::encode_inputs(table, again) == data::encode_inputs(table, encoding));
    CHECK(data::class_names_from(metadata) == encoding.class_names);
    const std::vector<std::string> none, names{"cat", "dog"};
    CHECK(data::class_names_from(data::to_metadata(names)) == names);
    CHECK(data::class_names_from(data::to_metadata(none)).empty());
}

TEST_CASE("metadata that hold no encoding are errors", "[data][csv][metadata][malformed]") {
    const std::string whole =
        R"({"features":[{"column":"x"},{"column":"c","categories":["a","b"]}],"target":"y"})";
    const auto read = [](const std::string& text, const std::string& names = "[]") {
        return data::encoding_from({{"weft.csv_encoding", text}, {"weft.class_names", names}});
    };
    CHECK(read(whole).input_size() == 3);
    for (std::size_t length = 0; length < whole.size(); ++length)
        CHECK_THAT(failure([&] { read(whole.substr(0, length)); }),
                   contains("cannot read metadata: weft.csv_encoding: the text is broken at byte "));
    struct broken {
        std::string text, expected;
    };
    const std::vector<broken> cases = {
        {"[]", "expected an object"},
        {R"({"target":"y"})", "there are no features"},
        {R"({"features":[],"target":"y"})", "there are no features"},
        {R"({"features":[{"column":"x"}]})", "there is no target"},
        {R"({"features":[{"categories":["a"]}],"target":"y"})", "a feature has no column"},
        {R"({"features":[{"column":"x","categories":["a","a"]}],"target":"y"})", "another category 'a'"},
        {R"({"features":[{"column":"x","kind":"a"}],"target":"y"})", "unknown key 'kind' in a feature"},
        {R"({"features":[{"column":1}],"target":"y"})", "expected a string"},
        {R"({"features":[{"column":"x"}],"features":[],"target":"y"})", "a second 'features'"},
        {R"({"features":[{"column":"x"}],"target":"y","drop_missing":1})", "expected true or false"},
        {R"({"features":[{"column":"x"}],"target":"y","z":1})", "unknown key 'z'"},
        {whole + "x", "something follows"},
    };
    for (const broken& each : cases) {
        INFO(each.text);
        CHECK_THAT(failure([&] { read(each.text); }),
                   contains("weft.csv_encoding") && contains(each.expected));
    }
    CHECK_THAT(failure([&] { read(whole, R"(["a","a"])"); }), contains("another class 'a'"));
    CHECK_THAT(failure([&] { read(whole, R"(["a")"); }), contains("weft.class_names: the text is broken"));
    CHECK_THAT(failure([&] {
                   data::encoding_from({{"format", "pt"}});
               }),
               contains("the file has none of that name"));
    CHECK_THAT(failure([&] { data::class_names_from({}); }), contains("weft.class_names: the file has none"));
}

TEST_CASE("many columns take their number of steps, not its square", "[data][csv]") {
    std::string text;
    for (int row = 0; row < 3; ++row)
        for (int column = 0; column < 160'000; ++column)
            text.append(row == 0 ? "x" : "")
                .append(std::to_string(column))
                .append(column + 1 < 160'000 ? "," : "\n");
    const auto start = std::chrono::steady_clock::now();
    const auto table = data::parse_csv(text);
    auto options = data::csv_options{};
    for (int column = 0; column < 20'000; ++column)
        options.ignore.push_back(table.columns()[std::size_t(column)]);
    CHECK(data::encode_classes(table, data::fit_encoding(table, options)).input_size == 139'999);
    // 23 seconds when it was the square.
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(8));
    CHECK_THAT(failure([&] { data::parse_csv(std::string(17'000'000, ',')); }),
               contains("1:16777217: no row may have more than 16777216 fields"));
}

TEST_CASE("packed CSV", "[data][csv][gzip]") {
    const weft_test::temporary_folder folder;
    const std::string text = "x,y\n1,2\n";
    CHECK(data::read_csv_gzip(folder.write("a.csv.gz", weft_test::gzip(text))).rows() == 1);
    CHECK(data::read_csv_gzip(folder.write("a.csv", text)).rows() == 1);
    CHECK_THAT(failure([&] { data::read_csv_gzip(folder / "a.csv.gz", {.limit = 5}); }),
               contains("more than 5 bytes, the most that is accepted (limit)"));
    CHECK_THAT(failure([&] { data::read_csv_gzip(folder.write("b.csv.gz", weft_test::gzip("x\n\""))); }),
               contains("b.csv.gz:2:1"));
}

TEST_CASE("the real tables", "[data][csv]") {
    if (weft_test::data_folder().empty()) {
        WARN("SKIPPED: set WEFT_DATA_DIR to the folder that holds tabular/");
        return;
    }
    const auto folder = weft_test::data_folder() / "tabular";
    const auto iris = data::csv_classification(folder / "iris.csv", {.header = false});
    CHECK(iris.size() == 150);
    CHECK(iris.input_size == 4);
    CHECK(iris.class_names == std::vector<std::string>{"Iris-setosa", "Iris-versicolor", "Iris-virginica"});
    CHECK(std::count(iris.targets.begin(), iris.targets.end(), 2) == 50);
    const auto diabetes = data::csv_classification(folder / "pima-indians-diabetes.csv", {.header = false});
    CHECK(diabetes.size() == 768);
    CHECK(diabetes.class_names.size() == 2);
    const auto wine = data::csv_regression(folder / "winequality-red.csv", {.header = false});
    CHECK(wine.size() == 1599);
    CHECK(wine.input_size == 11);
    CHECK(wine.targets.back() == 6.0f);
    const auto passengers = data::read_csv(folder / "airline-passengers.csv");
    CHECK(passengers.rows() == 144);
    CHECK(passengers.field(143, passengers.column("Passengers")) == "432");
    CHECK(data::read_csv(folder / "daily-min-temperatures.csv").rows() == 3650);

    const data::csv_options options = {.header = false, .drop_missing = true, .one_hot_text = true};
    const auto table = data::read_csv_gzip(folder / "adult-train.csv.gz", options);
    CHECK(table.rows() == 32561);
    auto encoding = data::fit_encoding(table, options);
    const auto adult = data::encode_classes(table, encoding);
    CHECK(adult.size() == 30162);
    CHECK(adult.class_names == std::vector<std::string>{"<=50K", ">50K"});
    // The test file ends its labels with a full stop.
    encoding.class_names = {"<=50K.", ">50K."};
    const auto held_out =
        data::encode_classes(data::read_csv_gzip(folder / "adult-test.csv.gz", options), encoding);
    CHECK(held_out.size() == 15060);
    CHECK(held_out.input_size == adult.input_size);
    CHECK_THAT(failure([&] {
                   data::encode_classes(table,
                                        data::fit_encoding(table, {.header = false, .one_hot_text = true}));
               }),
               contains("adult-train.csv.gz:15:14: column 'column 14': the value is missing"));
}
