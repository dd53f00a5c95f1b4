#include "weft/data/csv_table.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "../catch.hpp"
#include "files.hpp"

namespace data = weft::data;
using weft_test::failure;

namespace {

/// The fields as one line per row, between brackets.
std::string shown(std::string_view text, const data::csv_options& options = {}) {
    const auto table = data::parse_csv(text, options);
    std::string all;
    for (std::size_t row = 0; row < table.rows(); ++row) {
        for (std::size_t column = 0; column < table.columns().size(); ++column)
            all.append("[").append(table.field(row, column)).append("]");
        all += "\n";
    }
    return all;
}

}  // namespace

TEST_CASE("CSV rows are cut into fields", "[data][csv]") {
    CHECK(shown("a,b\n1,2\n3,4\n") == "[1][2]\n[3][4]\n");
    CHECK(shown("a,b\r\n1,2\r\n3,4") == "[1][2]\n[3][4]\n");
    CHECK(shown("a,b\n1,\n,2\n,\n") == "[1][]\n[][2]\n[][]\n");
    CHECK(shown("1,2\n3,4", {.header = false}) == "[1][2]\n[3][4]\n");
    CHECK(shown("a;b\n1,5;2\n", {.delimiter = ';'}) == "[1,5][2]\n");
    CHECK(shown("a\tb\n 1\t2 \n\t\n", {.delimiter = '\t'}) == "[1][2]\n[][]\n");
    CHECK(shown("a\n1\n\n   \n2\n\n") == "[1]\n[2]\n");
    CHECK(shown("\xEF\xBB\xBF"
                "a,b\n1,2") == "[1][2]\n");
}

TEST_CASE("quotes protect delimiters, line breaks, blanks and quotes", "[data][csv]") {
    CHECK(shown("a,b\n\"x,y\",\"say \"\"no\"\"\"\n") == "[x,y][say \"no\"]\n");
    CHECK(shown("a,b\n\"x\ny\r\nz\",2\n") == "[x\ny\r\nz][2]\n");
    CHECK(shown("a,b\n\"\",\"\"\"\"\n") == "[][\"]\n");
    CHECK(shown("a,b\n  \" x \" , y \n") == "[ x ][y]\n");
    CHECK(shown("a,b\n x ,y \n", {.trim = false}) == "[ x ][y ]\n");
    CHECK(shown("\"a\",\"b\"\r\n\"1\",\"2\"") == "[1][2]\n");
}

TEST_CASE("CSV columns have names and rows know their lines", "[data][csv]") {
    const auto table = data::parse_csv("a, b ,,\"d e\"\n\n1,\"2\n2\",3,?\n5,NA,\"\",x\n");
    CHECK(table.columns() == std::vector<std::string>{"a", "b", "column 3", "d e"});
    CHECK(table.rows() == 2);
    CHECK(table.line(0) == 3);
    CHECK(table.line(1) == 5);
    CHECK(table.column("d e") == 3);
    CHECK_THAT(failure([&] { table.column("e"); }), contains("there is no 'e' among: a, b, column 3, d e"));
    CHECK(table.missing(0, 3));
    CHECK(table.missing(1, 1));
    CHECK(table.missing(1, 2));
    CHECK_FALSE(table.missing(0, 0));
    CHECK_THROWS_AS(table.field(2, 0), weft::error);
    CHECK_THROWS_AS(table.field(0, 4), weft::error);

    CHECK(data::parse_csv("1,2", {.header = false}).columns() ==
          std::vector<std::string>{"column 1", "column 2"});
    CHECK(data::parse_csv("1,2", {.header = false, .column_names = {"x", "y"}}).column("y") == 1);
}

TEST_CASE("malformed CSV gives one error with its place", "[data][csv][malformed]") {
    struct broken {
        std::string text, expected;
        data::csv_options options = {};
    };
    using namespace std::string_literals;
    const std::vector<broken> cases = {
        {"", "bad.csv: it is empty"},
        {"\n\n  \n", "bad.csv: it is empty"},
        {"\xEF\xBB\xBF", "bad.csv: it is empty"},
        {"a,b\n", "no row follows the header"},
        {"a,b\n\n\r\n", "no row follows the header"},
        {"a,b\n1\n", "bad.csv:2:2: the row has 1 fields instead of 2"},
        {"a,b\n1,2,3\n", "bad.csv:2:3: the row has 3 fields instead of 2"},
        {"a,b\n1,2\n\n3\n", "bad.csv:4:2: the row has 1 fields instead of 2"},
        {"a,b\n1,2\n3,4,", "bad.csv:3:3: the row has 3 fields instead of 2"},
        {"1,2\n3", "bad.csv:2:2: the row has 1 fields", {.header = false}},
        {"a,b\n\"1,2\n", "bad.csv:2:1: the quote is never closed"},
        {"a,b\n1,\"2", "bad.csv:2:2: the quote is never closed"},
        {"a,b\n1,\"", "bad.csv:2:2: the quote is never closed"},
        {"a,b\n1,\"2\"\"\n3,4\n", "bad.csv:2:2: the quote is never closed"},
        {"\"a,b\n1,2\n", "bad.csv:1:1: the quote is never closed"},
        {"a,b\n\"x\ny\",1\n2,\"", "bad.csv:4:2: the quote is never closed"},
        {"a,b\n1,2\"\n", "bad.csv:2:2: a quote stands in a field that does not start with one"},
        {"a,b\nx\"y\",2\n", "bad.csv:2:1: a quote stands"},
        {"a,b\n \"x\",2\n", "bad.csv:2:1: a quote stands", {.trim = false}},
        {"a,b\n\"1\"x,2\n", "bad.csv:2:1: text follows a closing quote"},
        {"a,b\n1,\"2\" 3\n", "bad.csv:2:2: text follows a closing quote"},
        {"a,b\n\"1\" ,2\n", "bad.csv:2:1: text follows a closing quote", {.trim = false}},
        {"a,b\n1,\"2\"\"3\"4\"\n", "bad.csv:2:2: text follows a closing quote"},
        {"a,b\n1,\0\n"s, "bad.csv:2:2: a NUL byte"},
        {"a,b\n\"1\0\",2\n"s, "bad.csv:2:1: a NUL byte"},
        {"\0\0\0\0"s, "bad.csv:1:1: a NUL byte"},
        {"a,b\n1,2\0"s, "bad.csv:2:2: a NUL byte"},
        {"a,b\r1,2\r", "bad.csv:1:2: a carriage return without a line feed"},
        {"a,b\n1,2\r", "bad.csv:2:2: a carriage return without a line feed"},
        {"a,b,a\n1,2,3\n", "bad.csv:1:3: there is another column of the name 'a'"},
        {"1,2\n",
         "bad.csv:1:2: there is another column of the name 'x'",
         {.header = false, .column_names = {"x", "x"}}},
        {"1,2\n",
         "bad.csv:1:1: the row has 2 fields, but 1 column names",
         {.header = false, .column_names = {"x"}}},
        {"a,b\n1,2\n", "cannot be the delimiter", {.delimiter = '"'}},
        {"a,b\n1,2\n", "cannot be the delimiter", {.delimiter = '\n'}},
        {"a,b\n1,2\n", "cannot be the delimiter", {.delimiter = '\0'}},
    };
    for (const broken& each : cases) {
        INFO(each.text);
        const std::string message = failure([&] { data::parse_csv(each.text, each.options, "bad.csv"); });
        CHECK_THAT(message, contains("cannot read CSV: bad.csv") && contains(each.expected));
    }
}

TEST_CASE("every cut of a CSV file gives rows or an error", "[data][csv][malformed]") {
    const std::string whole = "a, \"b\",c\r\n1,\"x\"\"\n\",2\r\n\r\n?,NA,\"3\"";
    for (std::size_t length = 0; length <= whole.size(); ++length)
        for (const char extra : {'\0', '"', ',', '\r', 'x'})
            CHECK_FALSE(failure([&] { data::parse_csv(whole.substr(0, length) + extra); }).empty());
}

TEST_CASE("CSV files that are not there", "[data][csv][malformed]") {
    const weft_test::temporary_folder folder;
    CHECK_THAT(failure([&] { data::read_csv(folder / "absent.csv"); }),
               contains("cannot read CSV") && contains("absent.csv: there is no such file"));
    CHECK_THAT(failure([&] { data::read_csv(folder.path()); }), contains("this is a folder"));
    CHECK_THAT(failure([&] { data::read_csv(folder.write("short.csv", "a,b\n1")); }),
               contains("short.csv:2:2: "));
    CHECK(data::read_csv(folder.write("fine.csv", "a,b\n1,2")).rows() == 1);
}
