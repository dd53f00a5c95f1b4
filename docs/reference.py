#!/usr/bin/env python3
"""Makes docs/reference/ from the headers' doc comments. Usage: reference.py [--check | --listings]

--check writes nothing: it compares, and names each page that is out of date and each public name that lacks something.
--listings prints one program with all listings of all pages; tests/docs/listings.py compiles it.

A public name is one at the scope of weft, weft::data, weft::io, weft::metrics or weft::inspect in a header that PAGES
names. Its doc comment is the /// lines directly above it. Constants, aliases and overloads that follow without a blank
line or a comment of their own share it, and a constant that has none has that of its type (`dense` that of
`dense_layer`). In a comment
    the first sentence    is the one line of the page's table
    four spaces or more   begin a listing, which is compiled
    two or three          begin a block shown as it stands, such as a formula
    Error…, Raises…, Does not compile…, No errors    begin a sentence about errors
and an empty /// line ends a paragraph. The lines directly below #pragma once say something about all of a header: its
sentences about errors count for names that have none. A name without a listing of its own must stand in one on its
page, and its entry leads there.
"""
import pathlib
import re
import sys
import textwrap

sys.dont_write_bytecode = True
from doc_comments import Comment, declarations, masked

root = pathlib.Path(__file__).resolve().parent.parent
include = root / "include" / "weft"
folder = root / "docs" / "reference"

# A page: its title, what it begins with, and its headers in order; a pattern stands for those not named before it.
PAGES = {
    "layers": ("Layers", "What a network is made of: `input<4> >> dense<16> >> relu >> dense<3>`. Parameters are named "
               "as in a PyTorch `state_dict`, and shapes leave the batch out: [C, H, W] is an image of C channels. "
               "Activations have [a page of their own](activations.md), and so have [options](options.md).",
               ["lang/expression.hpp", "lang/layers/dense.hpp", "lang/layers/convolution.hpp",
                "lang/layers/pooling.hpp", "lang/layers/normalization.hpp", "lang/layers/shape.hpp",
                "lang/layers/*.hpp", "lang/combinators.hpp"]),
    "activations": ("Activations", "", ["lang/layers/activation.hpp"]),
    "options": ("Options of layers", "Template arguments behind a layer's own, in any order. Which layer knows which "
                "stands with [the layer](layers.md).", ["lang/options.hpp", "core/real.hpp"]),
    "losses": ("Losses", "The third argument of `fit`, the second of a `trainer`.", ["train/loss/*.hpp"]),
    "optimizers": ("Optimisers", "The fourth argument of `fit`, the third of a `trainer`: a plain value whose members "
                   "are the hyperparameters.", ["train/optimizers/*.hpp", "train/optimizer.hpp"]),
    "schedules": ("Schedules", "How the learning rate changes while training.", ["train/schedule.hpp"]),
    "metrics": ("Metrics", "", ["metrics/*.hpp"]),
    "data": ("Data", "What `fit` and `evaluate` take, and readers for the usual files.",
             ["data/dataset.hpp", "data/make_dataset.hpp", "data/shuffle.hpp", "data/normalizer.hpp", "data/csv.hpp",
              "data/csv_options.hpp", "data/csv_encoding.hpp", "data/metadata.hpp", "data/csv_table.hpp",
              "data/csv_gzip.hpp", "data/digits.hpp", "data/mnist.hpp", "data/idx.hpp", "data/gzip.hpp", "data/*.hpp"]),
    "files": ("Files", "Models and trainers go to safetensors files and come back. `weft::io` reads and writes such "
              "files of any content.",
              ["io/checkpoint.hpp", "io/safetensors.hpp", "io/safetensors_file.hpp", "io/*.hpp"]),
    "fit": ("Training: fit and its options", "", ["train/fit.hpp", "train/evaluate.hpp", "train/adapt.hpp",
                                                  "train/parameter_groups.hpp", "train/clip.hpp", "train/history.hpp",
                                                  "train/progress.hpp", "train/plot.hpp", "train/*.hpp"]),
    "callbacks": ("Training: callbacks", "", ["train/callbacks.hpp", "train/plateau.hpp", "train/training_run.hpp"]),
    "trainer": ("Training: a loop of your own", "", ["train/trainer.hpp", "train/averaged.hpp"]),
    "model": ("Models and policies", "A network with numbers in it, and what runs it. Policies for devices: "
              "[On a GPU](../gpu.md).", ["model.hpp", "workspace.hpp", "backend/cpu/policy.hpp",
                                         "backend/reference/policy.hpp", "core/random.hpp", "core/error.hpp",
                                         "core/named_tensor.hpp"]),
    "inspect": ("Looking inside", "", ["queries.hpp", "inspect/summary.hpp", "inspect/explain.hpp", "inspect/dot.hpp",
                                       "inspect/*.hpp"]),
    "own": ("Layers of your own", "[Extending](../extending.md) has more, also for losses, primitives and backends.",
            ["lang/layer.hpp", "core/extents.hpp", "core/shape.hpp"]),
}
NAMESPACES = ("weft", "weft::data", "weft::io", "weft::metrics", "weft::inspect")
# Headers, or folders of them, that no page has, and why.
ELSEWHERE = {
    "weft.hpp": "includes others", "config.hpp": "macros", "cuda.hpp": "docs/gpu.md", "thrust.hpp": "docs/gpu.md",
    "lang/diagnostics.hpp": "docs/errors.md", "graph/": "docs/extending.md", "backend/": "docs/extending.md",
    "core/": "what others are made of", "program.hpp": "what a model is made of",
    "device_workspace.hpp": "what a model is made of", "initialize.hpp": "what a model is made of",
}
# Names in the headers of pages that have no entry, and where they belong.
PARTS = {
    "activation_kind|activation_layer": "relu and its kin", r"\w+_rule": "an optimiser", "bindings": "workspace",
    "option_kind|option_set|option_values|option_base|layer_with_options|init_kind": "docs/extending.md",
    "in_part": "layers with parts", "is_block|is_network": "Part, Network", "from_bits|to_bits|real_bits": "real",
    "philox|uniform01": "random_stream", r"operator.*": "their types",
    "not_a_network|policy_without_header|sound_model": "docs/errors.md",
}
# Classes whose members are for who writes others like them: docs/extending.md.
PLAIN = {"cpu_policy", "reference_policy", "threads"}
# What a class has from bases that are not public themselves.
BASES = {"trainer": {"train/detail/trainer_base.hpp": "trainer_base", "train/detail/host_trainer.hpp": "host_trainer"}}
TYPE_ENDINGS = ("_layer", "_loss")  # of types that are there for a constant
# Of headers whose names do not say it well.
TITLES = {
    "lang/expression": "Networks", "lang/combinators": "Layers of layers", "lang/layer": "Layers",
    "lang/layers/normalization": "Normalisation and dropout", "lang/layers/shape": "Shapes",
    "lang/layers/activation": "Activations", "core/real": "Numbers as template arguments",
    "core/extents": "Shapes as values", "core/shape": "Shapes as types", "core/random": "Random numbers",
    "core/error": "Errors", "core/named_tensor": "Tensors by name", "train/optimizers/sgd": "SGD",
    "train/optimizers/rmsprop": "RMSprop", "train/optimizer": "An optimiser of your own",
    "train/schedule": "Schedules", "train/clip": "Clipping", "train/adapt": "Standardizing",
    "train/averaged": "Averaged weights", "train/plateau": "Plateaus", "train/training": "Callbacks of your own",
    "data/dataset": "Data sets",
    "data/make_dataset": "Data sets of what a program holds", "data/metadata": "Encodings in a model's file",
    "data/shuffle": "Shuffling and splitting", "data/normalizer": "Normalising", "data/csv": "CSV files",
    "data/csv_options": "Options of CSV files", "data/csv_encoding": "CSV: columns to numbers",
    "data/csv_table": "CSV as text", "data/csv_gzip": "CSV, packed", "data/mnist": "MNIST and its kin",
    "data/idx": "IDX", "data/gzip": "gzip", "io/checkpoint": "Saving and loading",
    "io/safetensors": "Writing safetensors", "io/safetensors_file": "Reading safetensors",
    "io/tensor_info": "What is in a safetensors file", "io/dtype": "Types of elements", "workspace": "Memory",
    "backend/cpu/policy": "On a CPU", "backend/reference/policy": "The reference", "queries": "Sizes",
    "inspect/explain": "Operations", "inspect/dot": "Drawings", "inspect/summary": "Tables",
    "inspect/outline": "Layers as data",
}

# What listings may use without saying so.
PRELUDE = """#include <weft/weft.hpp>
#include <weft/data/csv.hpp>
#include <weft/data/csv_gzip.hpp>
#include <weft/data/digits.hpp>
#include <weft/data/make_dataset.hpp>
#include <weft/data/metadata.hpp>
#include <weft/data/mnist.hpp>
#include <weft/data/normalizer.hpp>
#include <weft/metrics/metrics.hpp>
#include <array>
#include <cstdio>
#include <string>
#include <vector>
using namespace weft;
constexpr auto net = input<4> >> dense<16> >> relu >> dense<3>;
constexpr auto price = input<4> >> dense<16> >> relu >> dense<1>;
extern data::dataset<float, int> flowers, more_flowers;
extern data::dataset<float, float> houses;
"""
ABOUT = """# Reference

<!-- Made by docs/reference.py. -->

Each name with one line, a listing and its errors, made from the headers' comments by
[reference.py](../reference.py). All listings are compiled by weft's tests. They stand behind `using namespace weft;`
and may use two networks and some data:

```cpp
constexpr auto net = input<4> >> dense<16> >> relu >> dense<3>;    // a classifier
constexpr auto price = input<4> >> dense<16> >> relu >> dense<1>;  // a regression
data::dataset<float, int> flowers, more_flowers;                   // for net: 4 numbers and a class
data::dataset<float, float> houses;                                // for price: 4 numbers and one to predict
```

An error is a [`weft::error`](model.md#error), whose text says what could not be done, where and why; what does not
compile is shown in [Errors](../errors.md).
"""


# ---- what there is ----------------------------------------------------------------------------------------------

class Entry:
    """A name, or some that share a comment: `parts` and `members` are (declarations, comment)."""

    def __init__(self, header, scope, name):
        self.header, self.scope, self.name = header, scope, name
        self.names, self.parts, self.members = [name], [], []
        self.page = None

    def qualified(self, name=None):
        inner = self.scope.partition("::")[2]
        return f"{inner}::{name or self.name}" if inner else name or self.name

    def in_order(self):
        return sorted(self.names, key=lambda name: name.endswith("_with"))

    def title(self):
        return ", ".join(map(self.qualified, self.in_order()))

    def comments(self):
        return [said for _, said in [*self.parts, *self.members] if said]

    def listings(self):
        return [each for said in self.comments() for each in said.listings]

    def errors(self):
        return [each for said in self.comments() for each in said.errors]

    def one_line(self):
        return next((said.one_line() for _, said in self.parts if said.one_line()), "")

    def own_names(self):
        """What its members and parameters are called, which mean in its text what they are here."""
        found = {each.name for declared, _ in self.members for each in declared}
        for declared, _ in [*self.parts, *self.members]:
            for each in declared:
                found.update(re.findall(r"(?<=[\w>&*] )(\w+)(?= *[,)=])", each.signature()))
        return found


class Section:
    """A header on a page: what it says of all, its entries, and the namespaces whose names are lost."""

    def __init__(self, header, about, entries, lost):
        self.header, self.about, self.entries, self.lost = header, about, entries, lost

    def listings(self):
        return self.about.listings

    def anchor(self):
        return self.header.replace("/", "-")

    def title(self):
        name = self.header[:-len(".hpp")]
        return TITLES.get(name) or name.split("/")[-1].replace("_", " ").capitalize()


def read(header):
    """The text of a header and its declarations."""
    text = (include / header).read_text(encoding="utf-8")
    return text, list(declarations(text, masked(text), 0, len(text), ""))


def members_of(record, header, undocumented):
    """(declarations, comment) of the public members of a class. Static ones without a comment are machinery."""
    groups = []
    for each in record.members():
        if not each.kind or each.name.startswith("~"):
            continue
        text, said = each.text[each.begin:each.end], Comment(each.doc, header, each.doc_line)
        plain_copy = re.match(rf"{record.name}\((const {record.name}&)?\)", each.signature())
        if re.search(r"=\s*delete\s*;$", text) or each.name == record.name and plain_copy:
            continue
        if not said and (not undocumented or re.match(r"(template\s*<[^{;]*>\s*)?static\b", text)):
            continue
        if groups and not said and each.follows and each.kind == "function" and groups[-1][0][-1].name == each.name:
            groups[-1][0].append(each)
        else:
            groups.append(([each], said))
    return groups


def section_of(header):
    text, every = read(header)
    about = re.match(r"#pragma once\n((?:///[^\n]*\n)*)", text)[1].splitlines()
    types = {each.name: each for each in every if each.body and each.name.endswith(TYPE_ENDINGS)}
    entries, of_types, above = {}, set(), None
    for each in every:
        if each.scope not in NAMESPACES or not each.kind or any(re.fullmatch(p, each.name) for p in PARTS):
            above = None
            continue
        said = Comment(each.doc, header, each.doc_line)
        own_type = None
        if each.kind == "variable":
            likely = [*re.findall(r"\w+", each.type), *(each.name + ending for ending in TYPE_ENDINGS)]
            own_type = next((types[name] for name in likely if name in types), None)
        last = above.parts[-1][0][-1] if above else each
        alike = last.kind == each.kind and (each.kind in ("variable", "alias") or last.name == each.name)
        if above and each.follows and not said and alike:
            entry = above
            entry.names += [each.name] if each.name not in entry.names else []
            entry.parts[-1][0].append(each)
        else:
            entry = entries.get((each.scope, each.name))
            if entry and not said and not each.body:
                above = None
                continue
            entry = entry or Entry(header, each.scope, each.name)
            if own_type and not said:
                said = Comment(own_type.doc, header, own_type.doc_line)
            entry.parts.append(([each], said))
        entries[each.scope, each.name] = above = entry
        if own_type and own_type.name not in of_types:
            of_types.add(own_type.name)
            entry.members += members_of(own_type, header, False)
        if each.body and each.kind in ("struct", "class") and each.name not in PLAIN:
            entry.members = members_of(each, header, True) + ([] if each.special else entry.members)
    found = [entry for entry in dict.fromkeys(entries.values()) if entry.name not in of_types]
    for entry in found:
        entry.parts = [part for part in entry.parts if part[1]] or entry.parts
        for path, base in BASES.get(entry.name, {}).items():
            for each in read(path)[1]:
                if each.name == base and each.body:
                    entry.members += members_of(each, path, True)
    lost = {each.scope for each in every if each.scope not in NAMESPACES and "detail" not in each.scope and each.kind}
    return Section(header, Comment([line[3:] for line in about], header, 2), found, lost)


def read_pages():
    """{page: sections}, and what is wrong with the lists above."""
    headers = sorted(path.relative_to(include).as_posix() for path in include.rglob("*.hpp"))
    named = {header for _, _, wanted in PAGES.values() for header in wanted if "*" not in header}
    pages, left = {}, [header for header in headers if "/detail/" not in header]
    for page, (_, _, wanted) in PAGES.items():
        mine = []
        for pattern in wanted:
            shape = re.compile(re.escape(pattern).replace(r"\*", "[^/]*"))
            found = [h for h in left if shape.fullmatch(h) and (h == pattern or h not in named)]
            mine += found
            left = [h for h in left if h not in found]
        pages[page] = [section for section in map(section_of, mine) if section.entries or section.lost]
        for section in pages[page]:
            for entry in section.entries:
                entry.page = page
    wrong = [f"include/weft/{h} is on no page: name it in docs/reference.py" for h in left
             if not any(h == other or other.endswith("/") and h.startswith(other) for other in ELSEWHERE)]
    return pages, wrong + [f"docs/reference.py names {h}, which is not there" for h in sorted(named - set(headers))]


def listings(pages):
    """(page, section or entry, listing) of all."""
    return [(page, source, listing) for page, sections in pages.items() for section in sections
            for source in [section, *section.entries] for listing in source.listings()]


def borrowed(pages):
    """{entry without a listing: the section or entry on its page whose listing names it}"""
    places, every = {}, listings(pages)
    for page, sections in pages.items():
        for section in sections:
            for entry in section.entries:
                word = re.compile(r"\b(" + "|".join(map(re.escape, entry.names)) + r")\b")
                for home, source, (_, _, code) in sorted(every, key=lambda each: each[1] is not section):
                    if not entry.listings() and home == page and word.search(code):
                        places.setdefault(entry, source)
    return places


def complaints(pages, places):
    for page, sections in pages.items():
        for section in sections:
            yield from (f"include/weft/{section.header}: namespace {scope} is none of the reference's: name it in "
                        "docs/reference.py" for scope in sorted(section.lost))
            for entry in section.entries:
                what = f"include/weft/{entry.header}: {entry.qualified()}"
                if not entry.one_line():
                    yield f"{what} has no doc comment"
                    continue
                if not entry.listings() and entry not in places:
                    yield f"{what} stands in no listing of docs/reference/{page}.md"
                runs = any(each.kind in ("function", "variable") for declared, _ in entry.parts for each in declared)
                if (entry.listings() or runs) and not (entry.errors() or section.about.errors):
                    yield f"{what} says nothing of errors: Error…, Raises…, Does not compile… or No errors"


def program(pages):
    """All listings in one program: one that begins with a type, a template, a function without a result or an include
    stands at the scope of a namespace, others in a function."""
    out = [PRELUDE]
    for number, (_, _, (header, line, code)) in enumerate(listings(pages)):
        code = f'#line {line} "include/weft/{header}"\n{code}\n'
        if not re.match(r"(struct|class|template|void|#include|///)", code.split("\n")[1]):
            code = f"inline void run() {{\n{code}}}\n"
        out.append(f"namespace listing_{number} {{\n{code}}}\n")
    return "\n".join(out)


# ---- pages ------------------------------------------------------------------------------------------------------

def filled(text, indent="", width=118):
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def table(head, rows):
    cells = [" | ".join(cell.replace("|", r"\|") for cell in row) for row in rows]
    return f"|{head and ' ' + head} | |\n|---|---|\n" + "".join(f"| {row} |\n" for row in cells) if rows else ""


def about_errors(sentences):
    """Behind the word "Errors.": without the word, and "None" for "No errors"."""
    for each in sentences:
        each = re.sub(r"^No errors\b", "None", re.sub(r"^Errors?[:,]? ", "", each))
        yield each[:1].upper() + each[1:]


def in_weft_hpp():
    """The headers that weft.hpp includes, themselves or by others."""
    found, left = set(), ["weft.hpp"]
    while left:
        header = left.pop()
        found.add(header)
        for target in re.findall(r'^\s*#\s*include\s*"([^"]+)"', (include / header).read_text(encoding="utf-8"), re.M):
            path = (include / header).parent.joinpath(target).resolve().relative_to(include.resolve()).as_posix()
            left += [path] if path not in found else []
    return found


class Writer:
    def __init__(self, pages, places):
        self.pages, self.places, self.included = pages, places, in_weft_hpp()
        self.homes = {}
        for entry in (e for sections in pages.values() for section in sections for e in section.entries):
            for name in entry.names:
                self.homes.setdefault(entry.qualified(name), (entry, name))
                self.homes.setdefault(name, (entry, name))

    def link(self, entry, name, page):
        return ("" if entry.page == page else f"{entry.page}.md") + "#" + entry.qualified(name).replace("::", "-")

    def code(self, inside, page, here):
        """Code in a text, with a link to the entry of the name that it is."""
        match = re.match(r"(?:weft::)?((?:\w+::)*\w+)(<[^ ]*>|<[^<>]*>|\(.*\)|\{.*\})?$", inside)
        entry, name = self.homes.get(match[1], (None, "")) if match else (None, "")
        if entry is None or entry is here or here and match[1] in here.own_names():
            return f"`{inside}`"
        return f"[`{inside}`]({self.link(entry, name, page)})"

    def prose(self, text, page, here=None):
        """A comment's text as Markdown."""
        def word(match):
            known = match[0] in self.homes and match[0] != "state_dict"
            return self.code(match[0], page, here) if known else match[0]

        out = []
        for piece in re.split(r"(`[^`]*`|\[[^\]]*\]\([\w./#]+\))", text):
            if piece.startswith("`"):
                out.append(self.code(piece[1:-1], page, here))
            elif re.fullmatch(r"\[[^\]]*\]\([^)]*\)", piece):
                out.append(piece)
            else:
                piece = piece.replace("&", "&amp;").replace("<", "&lt;").replace("*", r"\*")
                out.append(re.sub(r"\b(?:\w+::)*\w*_\w+\b", word, piece))
        return "".join(out)

    def said(self, comment, page, here):
        for kind, text in comment.parts:
            if kind == "text":
                yield filled(self.prose(text, page, here)) + "\n"
            else:
                yield f"```{'cpp' if kind == 'listing' else 'text'}\n{text}\n```\n"
        if comment.errors:
            yield filled("**Errors.** " + self.prose(" ".join(about_errors(comment.errors)), page, here)) + "\n"

    def members(self, entry, page):
        def brief(comment):
            return self.prose(" ".join([text for kind, text in comment.parts if kind == "text"] + comment.errors), page,
                              entry)

        yield table("member", [(f"`{declared[0].field()}`", brief(said)) for declared, said in entry.members
                               if declared[0].kind == "variable"])
        for declared, said in entry.members:
            if declared[0].kind != "variable" and said:
                names = ", ".join(f"`{each.signature()}`" for each in declared)
                yield filled(f"- {names}: {brief(said)}", "  ") + "\n"
                for kind, text in said.parts:
                    if kind != "text":
                        yield textwrap.indent(f"```{'cpp' if kind == 'listing' else 'text'}\n{text}\n```\n", "  ")
        others = dict.fromkeys(f"`{each.signature()}`" for declared, said in entry.members
                               if declared[0].kind == "function" and not said for each in declared)
        if others:
            yield filled("Also " + ", ".join(others) + ".") + "\n"

    def entry(self, entry, page):
        yield "".join(f'<a id="{self.link(entry, name, page)[1:]}"></a>' for name in entry.names) + "\n"
        yield f"### {entry.title()}\n"
        for declared, said in entry.parts:
            signatures = dict.fromkeys(filled(each.signature(), "    ", 112) for each in declared if each.template or
                                       each.kind in ("function", "alias", "concept"))
            if signatures:
                yield "```text\n" + "\n".join(signatures) + "\n```\n"
            yield from self.said(said, page, entry)
            for each in declared:
                if each.kind.startswith("enum"):
                    yield table("value", [(f"`{name}`", self.prose(text, page, entry))
                                          for name, text in each.enumerators()])
        yield from self.members(entry, page)
        other = self.places.get(entry)
        if isinstance(other, Entry):
            yield f"In the listing of [`{other.qualified()}`]({self.link(other, other.name, page)}).\n"
        elif other and entry not in other.entries:
            yield f"In the listing of [{other.title()}](#{other.anchor()}).\n"

    def contents(self, sections, page):
        for section in sections:
            if len(sections) > 1:
                yield f"**{section.title()}**\n"
            yield table("", [(" ".join(f"[`{entry.qualified(name)}`]({self.link(entry, name, page)})"
                                       for name in entry.in_order()), self.prose(entry.one_line(), page, entry))
                             for entry in section.entries])

    def page(self, page):
        title, begin, _ = PAGES[page]
        yield f"# {title}\n\n<!-- Made by docs/reference.py from the headers' comments: change those. -->\n"
        if begin:
            yield filled(self.prose(begin, page)) + "\n"
        yield from self.contents(self.pages[page], page)
        for section in self.pages[page]:
            yield f'<a id="{section.anchor()}"></a>\n\n## {section.title()}\n'
            yield f"`#include <weft/{section.header}>`" + (
                ", which `weft/weft.hpp` has.\n" if section.header in self.included else "\n")
            yield from self.said(section.about, page, None)
            for entry in section.entries:
                yield from self.entry(entry, page)
        yield "---\n\n[All pages](README.md)\n"

    def front(self):
        yield ABOUT
        for page, sections in self.pages.items():
            names = ", ".join(f"[`{entry.qualified(name)}`]({self.link(entry, name, None)})" for section in sections
                              for entry in section.entries for name in entry.in_order())
            yield filled(f"- [{PAGES[page][0]}]({page}.md): {names}", "  ")
        yield ""

    def files(self):
        made = {f"{page}.md": self.page(page) for page in self.pages}
        return {name: "\n".join(filter(None, parts)) for name, parts in made.items()} | {
            "README.md": "\n".join(self.front())}


def main():
    pages, problems = read_pages()
    if "--listings" in sys.argv[1:]:
        print(program(pages))
        return 0
    places = borrowed(pages)
    problems += complaints(pages, places)
    files = Writer(pages, places).files()
    if "--check" in sys.argv[1:]:
        for name, text in files.items():
            path = folder / name
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                problems.append(f"docs/reference/{name} is out of date: run python3 docs/reference.py")
        problems += [f"docs/reference/{path.name} is no page any more" for path in sorted(folder.glob("*"))
                     if path.name not in files]
    else:
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    count = sum(len(section.entries) for sections in pages.values() for section in sections)
    print("\n".join([*problems, f"{count} entries on {len(pages)} pages, {len(problems)} problems"]))
    return 1 if problems else 0


sys.exit(main())
