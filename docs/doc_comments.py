"""What a header declares, and what its doc comments say, as far as weft's own style goes. Used by reference.py."""
import re
import textwrap

SENTENCE = re.compile(r"(?:(?<=\.)|(?<=\.\)))\s+(?=[A-Z`(\[])")
ERRORS = re.compile(r"(Errors?\b|Raises\b|Does not compile\b|No errors\b)")
BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}
# Braces behind these are a requires-expression's, not a body.
REQUIRES = re.compile(r"(\brequires|=|&&|\|\||\()\s*requires\s*(\([^()]*\))?\s*$|\brequires\s*$")
# What may stand between a function's parameters and its body.
TAIL = re.compile(r"\s*(const|noexcept|override|&+|->\s*[\w:<>, ]+|requires\s+!?[\w:]+|"
                  r"requires\s*\((?:[^()]|\([^()]*\))*\))")
WORD = re.compile(r"(operator\s*(?:\(\)|\[\]|bool|[^\s\w(]+)|~?[A-Za-z_]\w*)\s*")


# ---- C++ --------------------------------------------------------------------------------------------------------

def masked(text):
    """The text with strings, comments and preprocessor lines blanked, every character in its place."""
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9a-zA-Z_])\'(?:\\.|[^\'\\\n])+\'|'
                  r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', lambda match: re.sub(r"[^\n]", " ", match[0]), text,
                  flags=re.S | re.M)


def closing(text, at):
    """The place behind the bracket that closes the one at `at`; angle brackets count where `at` is one."""
    stack = []
    for i in range(at, len(text)):
        c = text[i]
        if c in "([{" or c == "<" and text[at] == "<" and (not stack or stack[-1] == ">"):
            stack.append(BRACKETS[c])
        elif stack and c == stack[-1] and not (c == ">" and text[i - 1] == "-"):
            stack.pop()
            if not stack:
                return i + 1
    raise ValueError(f"a bracket is not closed: {text[at:at + 60]!r}")


def skip_space(text, at):
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def behind_constraint(head, at):
    """The place behind a requires-clause whose first operand is at `at`."""
    while True:
        at = skip_space(head, at)
        if head.startswith("requires", at):
            at = skip_space(head, at + len("requires"))
            if head[at] == "(":
                at = skip_space(head, closing(head, at))
            at = closing(head, at)
        elif head[at] in "(!":
            at = closing(head, head.index("(", at))
        else:
            at = re.compile(r"[\w:]+\s*").match(head, at).end()
            if head[at] == "<":
                at = closing(head, at)
        at = skip_space(head, at)
        if head[at:at + 2] not in ("||", "&&"):
            return at
        at += 2


def without_template(head):
    """(template parameters, the rest) of a declaration; constraints and attributes are in neither."""
    parameters, at = "", 0
    while True:
        at = skip_space(head, at)
        if re.compile(r"template\s*<").match(head, at):
            opened = head.index("<", at)
            at = closing(head, opened)
            parameters = head[opened:at]
        elif re.compile(r"requires\b").match(head, at):
            at = behind_constraint(head, at + len("requires"))
        elif head.startswith("[[", at):
            at = closing(head, at)
        else:
            return parameters, head[at:]


class Declaration:
    """A declaration [begin, end) of a header. `kind` is None for what declares no name that is new here."""

    def __init__(self, text, mask, begin, end, scope):
        self.text, self.mask, self.begin, self.end, self.scope = text, mask, begin, end, scope
        self.kind, self.name, self.type, self.body, self.special = None, "", "", None, False
        self.doc, self.doc_line = [], 0
        self.follows = False  # the one above, without a blank line or a comment between
        self.head_end = end
        self.template, rest = without_template(mask[begin:end])
        self.classify(rest, end - len(rest))

    def classify(self, rest, begin):
        if rest.startswith(("static_assert", "friend ", "extern ")):
            return
        record = re.match(r"(struct|class|union|enum\s+class|enum)\s+(?:\[\[.*?\]\]\s*)?(\w+)", rest)
        opened = rest.find("{")
        if record and opened >= 0:
            self.kind, self.name = record[1], record[2]
            self.special = rest[record.end():].lstrip().startswith("<")
            self.head_end = begin + opened
            self.body = (begin + opened + 1, begin + closing(rest, opened) - 1)
        elif re.match(r"using\b|concept\b", rest):
            named = re.match(r"(using|concept)\s+(\w+)\s*=", rest)
            if named:
                self.kind, self.name = "alias" if named[1] == "using" else "concept", named[2]
        elif not record:
            self.find_name(rest, begin)

    def find_name(self, rest, begin):
        """Of a function or a variable: the first name that a parameter list or an initialiser follows."""
        pointer = re.match(r"[^({;=]*\(\*(\w+)\)\(", rest)
        if pointer:
            self.kind, self.name = "variable", pointer[1]
            return
        at = 0
        while at < len(rest):
            match = WORD.match(rest, at)
            if not match:
                at = closing(rest, at) if rest[at] in "([" else at + 1
                continue
            word, at = match[1], match.end()
            follows = rest[at:at + 1]
            if follows == "<" and not word.startswith("operator"):
                at = skip_space(rest, closing(rest, at))
                if rest[at:at + 1] in ("=", "{"):  # a variable's specialisation
                    return
            elif word in ("decltype", "alignas", "explicit") and follows == "(":
                at = closing(rest, at)
            elif word in ("const", "constexpr", "inline", "static", "explicit", "virtual", "auto"):
                continue
            elif follows == "(":
                if rest[:match.start()].endswith("::"):  # a member, defined outside its class
                    return
                self.kind, self.name = "function", word
                end = closing(rest, at)
                while TAIL.match(rest, end):
                    end = TAIL.match(rest, end).end()
                self.head_end = begin + end
                return
            elif follows and follows in "={;[":
                self.kind, self.name = "variable", word
                self.type = rest[:match.start()]
                self.head_end = begin + at
                return

    def signature(self):
        """The declaration as its users see it, in one line."""
        text = self.text[self.begin:self.end if self.kind in ("alias", "concept") else self.head_end]
        if self.kind == "variable":
            at = self.mask.index(self.template, self.begin)
            text = f"template {self.text[at:at + len(self.template)]} {self.name}" if self.template else self.name
        text = re.sub(r"//[^\n]*|\[\[.*?\]\]|\binline\b", "", text)
        text = re.sub(r"\(\s+", "(", re.sub(r"\s+", " ", text)).strip(" ;")
        if self.kind in ("struct", "class"):
            return re.sub(r" (final )?: (?!public ).*", "", text)
        return text.partition(" = ")[0] if self.kind == "concept" and len(text) > 110 else text

    def field(self):
        """A data member with its type and, if that is short, what it is at first."""
        whole = re.sub(r"\s+", " ", self.text[self.begin:self.end]).strip(" ;")
        return whole if len(whole) <= 70 else re.sub(r" = (?:[^,{(]|\{.*\}|\(.*?\))*", "", whole)

    def members(self):
        """The public declarations of a class."""
        return declarations(self.text, self.mask, *self.body, None, self.kind != "class")

    def enumerators(self):
        """(name, doc) of each."""
        begin, end = self.body
        for each in re.finditer(r"([A-Za-z_]\w*)(?:\s*=[^,\n]*)?\s*(?:,|$)", self.mask[begin:end], re.M):
            first, *more = self.text[begin + each.end(1):end].split("\n")
            words = re.findall(r"^[^/]*///<\s*(.*)", first)
            for line in more if words else []:
                if not line.lstrip().startswith("///<"):
                    break
                words.append(line.lstrip()[len("///<"):].strip())
            yield each[1], " ".join(words)


def declarations(text, mask, begin, end, scope, public=True):
    """The declarations of a namespace and those in it, or of a class's public part, which has no scope."""
    at, doc, doc_line, follows = begin, [], 0, False
    while True:
        start, at = at, skip_space(mask, at)
        skipped = text[start:min(at, end)]
        for match in re.finditer(r"^[ \t]*(///?)(<?)([^\n]*)$|^[ \t]*$", skipped, re.M):
            if match[1] == "///" and not match[2]:
                doc_line = doc_line if doc else text.count("\n", 0, start + match.start()) + 1
                doc.append(match[3])
            elif match[1] == "//" or match[1] is None and match.start() > 0 and match.end() < len(skipped):
                doc, follows = [], False
        if at >= end:
            return
        label = re.compile(r"(public|private|protected)\s*:(?!:)").match(mask, at)
        space = re.compile(r"(?:inline\s+)?namespace\s+([\w:]*)\s*\{").match(mask, at)
        if label:
            public, at, doc, follows = label[1] == "public", label.end(), [], False
        elif space:
            close = closing(mask, space.end() - 1)
            yield from declarations(text, mask, space.end(), close - 1, f"{scope}::{space[1]}".strip(":"))
            at, doc, follows = close, [], False
        else:
            stop = end_of_declaration(mask, at, end)
            each = Declaration(text, mask, at, stop, scope)
            trailing = re.compile(r"[ \t]*///<([^\n]*(?:\n[ \t]*///<[^\n]*)*)").match(text, stop)
            if trailing:
                each.doc, stop = re.split(r"\n[ \t]*///<", trailing[1]), trailing.end()
            else:
                each.doc, each.doc_line = doc, doc_line
            each.follows = follows and not doc
            if public:
                yield each
            at, doc, follows = stop, [], True


def end_of_declaration(mask, at, end):
    i = at
    while i < end:
        if mask[i] == ";":
            return i + 1
        if mask[i] in "([":
            i = closing(mask, i)
        elif mask[i] == "{":
            before, i = mask[at:i], closing(mask, i)
            after = skip_space(mask, i)
            if mask[after] == ";":
                return after + 1
            if not REQUIRES.search(before) and mask[after] not in ",{(" and mask[after:after + 2] not in ("||", "&&"):
                return i
        else:
            i += 1
    return end


# ---- comments ---------------------------------------------------------------------------------------------------

class Comment:
    """A doc comment: `parts` are ("text" | "block" | "listing", …); sentences about errors stand apart. A listing in
    `listings` has its header and line with it."""

    def __init__(self, lines, header="", first_line=0):
        self.parts, self.errors, self.listings = [], [], []
        kind, held, start = None, [], 0
        lines = [line[1:] if line.startswith(" ") else line for line in lines]
        for number, line in enumerate([*lines, ""]):
            here = self.kind_of(line)
            if here is None and kind == "listing" and self.kind_of("".join(lines[number + 1:number + 2])) == kind:
                held.append("")  # a blank line in a listing
                continue
            if here != kind and not (here and kind and "text" not in (here, kind)):
                self.take(kind, held, header, first_line + start)
                kind, held, start = here, [], number
            if here:
                held.append(line)

    @staticmethod
    def kind_of(line):
        indent = len(line) - len(line.lstrip())
        return None if not line.strip() else "listing" if indent >= 4 else "block" if indent >= 2 else "text"

    def take(self, kind, lines, header, line):
        if kind == "text":
            sentences = SENTENCE.split(" ".join(each.strip() for each in lines))
            self.errors += filter(ERRORS.match, sentences)
            text = " ".join(each for each in sentences if not ERRORS.match(each))
            if text:
                self.parts.append((kind, text))
        elif kind:
            code = textwrap.dedent("\n".join(lines))
            self.parts.append((kind, code))
            if kind == "listing":
                self.listings.append((header, line, code))

    def one_line(self):
        first = next((text for kind, text in self.parts if kind == "text"), "")
        return SENTENCE.split(first)[0].rstrip(".:")

    def __bool__(self):
        return bool(self.parts or self.errors)
