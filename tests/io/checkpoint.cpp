#include "weft/io/checkpoint.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "../data/files.hpp"
#include "weft/data/metadata.hpp"

namespace io = weft::io;
using weft_test::failure;

namespace {

/// As much of a model as save and load see: tensors with names and shapes.
template <class T>
class toy_model {
public:
    void add(std::string name, std::vector<std::size_t> shape, std::vector<T> values) {
        names_.push_back(std::move(name));
        shapes_.push_back(std::move(shape));
        values_.push_back(std::move(values));
    }
    std::vector<weft::named_tensor<T>> state() {
        std::vector<weft::named_tensor<T>> all;
        for (std::size_t i = 0; i < names_.size(); ++i) all.push_back({names_[i], shapes_[i], values_[i]});
        return all;
    }
    std::vector<weft::named_tensor<const T>> state() const {
        std::vector<weft::named_tensor<const T>> all;
        for (std::size_t i = 0; i < names_.size(); ++i) all.push_back({names_[i], shapes_[i], values_[i]});
        return all;
    }
    const std::vector<std::vector<T>>& values() const { return values_; }

private:
    std::vector<std::string> names_;
    std::vector<std::vector<std::size_t>> shapes_;
    std::vector<std::vector<T>> values_;
};

template <class T>
toy_model<T> filled(T start) {
    toy_model<T> model;
    model.add("0.weight", {2, 3}, {start, start + 1, start + 2, start + 3, start + 4, start + 5});
    model.add("0.bias", {2}, {start - 1, start - 2});
    model.add("1.running_mean", {2}, {T(0.5), T(0.25)});
    model.add("scale", {}, {start});
    return model;
}

}  // namespace

TEST_CASE("a model is saved and loaded", "[io][checkpoint]") {
    const weft_test::temporary_folder folder;
    const auto path = folder / "model.safetensors";
    const toy_model<float> model = filled(10.5f);
    weft::save(model, path);
    auto again = filled(0.0f);
    weft::load(again, path);
    CHECK(again.values() == model.values());
    CHECK(*io::safetensors_file(path).find_metadata("format") == "pt");
    weft::save(model, path, {{"epoch", "3"}});
    CHECK(*io::safetensors_file(path).find_metadata("epoch") == "3");
}

TEST_CASE("float and double models load each other's files", "[io][checkpoint]") {
    const weft_test::temporary_folder folder;
    weft::save(filled(10.5f), folder / "float");
    weft::save(filled(-3.0), folder / "double");
    auto wide = filled(0.0);
    weft::load(wide, folder / "float");
    CHECK(wide.values() == filled(10.5).values());
    auto narrow = filled(0.0f);
    weft::load(narrow, folder / "double");
    CHECK(narrow.values() == filled(-3.0f).values());
}

TEST_CASE("one error lists every tensor that does not fit", "[io][checkpoint]") {
    const weft_test::temporary_folder folder;
    const auto path = folder / "other.safetensors";
    toy_model<float> other;
    other.add("0.weight", {3, 2}, std::vector<float>(6));
    other.add("0.bias", {2}, {1, 2});
    other.add("2.weight", {4}, {1, 2, 3, 4});
    other.add("2.bias", {1}, {1});
    weft::save(other, path);
    auto model = filled(7.0f);
    const std::string message = failure([&] { weft::load(model, path); });
    CHECK_THAT(message,
               contains("cannot load model: ") && contains("other.safetensors: the file does not match"));
    CHECK_THAT(message, contains("missing in the file (2): 1.running_mean [2]; scale []"));
    CHECK_THAT(message, contains("different (1): 0.weight is [3, 2] in the file, [2, 3] in the model"));
    CHECK_THAT(message, contains("not in the model (2): 2."));
    CHECK(model.values() == filled(7.0f).values());
}

TEST_CASE("long lists of what does not fit are cut", "[io][checkpoint]") {
    const weft_test::temporary_folder folder;
    toy_model<float> many, none;
    for (int i = 0; i < 50; ++i) many.add("layer" + std::to_string(i), {1}, {1});
    weft::save(many, folder / "many");
    weft::save(none, folder / "none");
    const std::string extra = failure([&] { weft::load(none, folder / "many"); });
    CHECK_THAT(extra, contains("not in the model (50): layer") && contains("; and 30 more"));
    const std::string missing = failure([&] { weft::load(many, folder / "none"); });
    CHECK_THAT(missing,
               contains("missing in the file (50): layer0 [1]; layer1 [1];") && contains("; and 30 more"));
    weft::load(none, folder / "none");
}

TEST_CASE("numbers that no training leaves are refused", "[io][checkpoint]") {
    const weft_test::temporary_folder folder;
    auto model = filled(7.0f);
    const auto refuse = [&](std::size_t tensor, std::size_t element, float value, const char* why) {
        auto broken = filled(1.0f);
        broken.state()[tensor].data[element] = value;
        weft::save(broken, folder / "a");
        CHECK_THAT(failure([&] { weft::load(model, folder / "a"); }),
                   contains("cannot load model: ") && contains("a: tensor '") && contains(why));
        CHECK(model.values() == filled(7.0f).values());
    };
    refuse(0, 4, std::numeric_limits<float>::quiet_NaN(), "'0.weight': element 4 is not a finite number");
    refuse(3, 0, -std::numeric_limits<float>::infinity(), "'scale': element 0 is not a finite number");
    toy_model<float> variance, loaded;
    variance.add("1.running_var", {2}, {1, -0.5f});
    loaded.add("1.running_var", {2}, {3, 4});
    weft::save(variance, folder / "a");
    CHECK_THAT(failure([&] { weft::load(loaded, folder / "a"); }),
               contains("'1.running_var': element 1 is negative, which no variance is"));
    CHECK(loaded.values()[0] == std::vector<float>{3, 4});
}

TEST_CASE("a model takes the weights of a trainer's checkpoint", "[io][checkpoint]") {
    const weft_test::temporary_folder folder;
    auto trainer = filled(3.0f);
    trainer.add("optimizer.0.scale", {}, {1});
    weft::save(trainer, folder / "a");
    auto model = filled(0.0f);
    // Without the steps it is no trainer's: an own layer may have that name.
    CHECK_THAT(failure([&] { weft::load(model, folder / "a"); }),
               contains("not in the model (1): optimizer.0.scale"));
    trainer.add("optimizer.steps", {2}, {5, 0});
    weft::save(trainer, folder / "a");
    weft::load(model, folder / "a");
    CHECK(model.values() == filled(3.0f).values());
    weft::save(filled(1.0f), folder / "a");
    CHECK_THAT(failure([&] { weft::load(trainer, folder / "a"); }),
               contains("it is no trainer's checkpoint: load it into the model") &&
                   contains("missing in the file (2): optimizer.0.scale []; optimizer.steps [2]"));
}

TEST_CASE("metadata come back from a file", "[io][checkpoint]") {
    const weft_test::temporary_folder folder;
    weft::save(filled(1.0f), folder / "a", {{"note", "a \"b\""}, {"class", "\xC3\xA4"}});
    const weft::metadata_entries metadata = weft::load_metadata(folder / "a");
    REQUIRE(metadata.size() == 2);
    CHECK(*weft::find_metadata(metadata, "note") == "a \"b\"");
    CHECK(*weft::find_metadata(metadata, "class") == "\xC3\xA4");
    CHECK(weft::find_metadata(metadata, "none") == nullptr);
    CHECK_THAT(failure([&] { weft::load_metadata(folder / "none"); }), contains("no such file"));

    const auto table = weft::data::parse_csv("size,colour,kind\n1,red,\xC3\xA4\n2,\"\"\"blue\"\"\",b\n");
    const auto encoding = weft::data::fit_encoding(table, {.one_hot_text = true});
    weft::save(filled(1.0f), folder / "a", weft::data::to_metadata(encoding));
    const auto again = weft::data::encoding_from(weft::load_metadata(folder / "a"));
    CHECK(again.class_names == encoding.class_names);
    CHECK(weft::data::encode_inputs(table, again) == weft::data::encode_inputs(table, encoding));
    CHECK(*io::safetensors_file(folder / "a").find_metadata("format") == "pt");
}

TEST_CASE("weights in other formats are told by name", "[io][checkpoint]") {
    const weft_test::temporary_folder folder;
    auto model = filled(7.0f);
    const auto refuse = [&](const std::string& bytes, const char* what, const char* remedy) {
        CHECK_THAT(failure([&] { weft::load(model, folder.write("a", bytes)); }),
                   contains("cannot read safetensors: ") && contains(what) && contains(remedy));
    };
    using namespace std::string_literals;
    refuse("PK\x03\x04\0\0\x08\x08 and so on"s, "this is a zip archive, as torch.save writes",
           "save_file(model.state_dict()");
    refuse("\x80\x02\x8a\x0al\xfc\x9c\x46 and so on"s, "this is a pickle, as torch.save wrote",
           "save_file(model.state_dict()");
    refuse("\x89HDF\r\n\x1a\n and so on"s, "this is HDF5, as Keras writes", "safetensors.numpy.save_file");
}

TEST_CASE("PyTorch's batch counter is passed over, other integers are not", "[io][checkpoint]") {
    const weft_test::temporary_folder folder;
    const std::vector<float> values = {1, 2};
    const std::int64_t count = 5;
    const auto bytes = std::as_bytes(std::span(values)), counter = std::as_bytes(std::span(&count, 1));
    toy_model<float> model;
    model.add("1.weight", {2}, {0, 0});
    io::write_safetensors(folder / "a", {{"1.weight", io::dtype::f32, {2}, bytes},
                                         {"1.num_batches_tracked", io::dtype::i64, {}, counter},
                                         {"num_batches_tracked", io::dtype::i64, {}, counter}});
    weft::load(model, folder / "a");
    CHECK(model.values()[0] == values);
    for (const auto& [name, shape] : std::vector<std::pair<std::string, std::vector<std::size_t>>>{
             {"1.num_batches_tracked", {1}}, {"1.other", {}}, {"1.xnum_batches_tracked", {}}}) {
        io::write_safetensors(
            folder / "a", {{"1.weight", io::dtype::f32, {2}, bytes}, {name, io::dtype::i64, shape, counter}});
        CHECK_THAT(failure([&] { weft::load(model, folder / "a"); }),
                   contains("not in the model (1): " + std::string(name)));
    }
    io::write_safetensors(folder / "a", {{"1.weight", io::dtype::i32, {2}, bytes}});
    CHECK_THAT(failure([&] { weft::load(model, folder / "a"); }),
               contains("different (1): 1.weight is I32 in the file, not numbers"));
}

TEST_CASE("a model is untouched by a file that breaks half way", "[io][checkpoint]") {
    const weft_test::temporary_folder folder;
    const std::vector<double> values = {1, 2, 3, 4, 5, 1e300};
    toy_model<float> model;
    model.add("a", {3}, {7, 8, 9});
    model.add("b", {3}, {7, 8, 9});
    const auto all = std::as_bytes(std::span(values));
    io::write_safetensors(
        folder / "a", {{"a", io::dtype::f64, {3}, all.first(24)}, {"b", io::dtype::f64, {3}, all.last(24)}});
    CHECK_THAT(failure([&] { weft::load(model, folder / "a"); }), contains("element 2 is too large"));
    CHECK(model.values()[0] == std::vector<float>{7, 8, 9});
    CHECK(model.values()[1] == std::vector<float>{7, 8, 9});

    toy_model<float> twice;
    twice.add("a", {1}, {1});
    twice.add("a", {1}, {2});
    CHECK_THAT(failure([&] { weft::save(twice, folder / "twice"); }),
               contains("two tensors have the name 'a'"));
    CHECK_THAT(failure([&] { weft::load(model, folder / "none"); }), contains("no such file"));
    CHECK_THAT(failure([&] { weft::save(model, folder / "no/model"); }),
               contains("cannot write safetensors"));
}
