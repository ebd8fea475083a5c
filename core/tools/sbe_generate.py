"""A C++ decoder from a schema of the Simple Binary Encoding (FIX SBE 1.0).

    python core/tools/sbe_generate.py core/schemas/market_data.xml > core/include/parley/sbe_market_data.hpp

Understands message header, types with fixed length, composites, enumerations, sets, groups inside groups, variable-length
data, constants, null values, explicit offsets and block lengths, sinceVersion and both byte orders. What it does not
understand it refuses by name. The decoder checks every length before it reads and takes messages of older versions
(fields that they have not are empty) and of newer ones (what they have more is skipped).
"""

import dataclasses
import re
import sys
import xml.etree.ElementTree as ET  # the schema is ours or a venue's published one, never from a feed
from pathlib import Path

NATIVE = {
    "char": ("char", 1), "int8": ("std::int8_t", 1), "uint8": ("std::uint8_t", 1), "int16": ("std::int16_t", 2),
    "uint16": ("std::uint16_t", 2), "int32": ("std::int32_t", 4), "uint32": ("std::uint32_t", 4),
    "int64": ("std::int64_t", 8), "uint64": ("std::uint64_t", 8), "float": ("float", 4), "double": ("double", 8),
}  # fmt: skip
KEYWORDS = frozenset("and auto bool break case class const default delete do double enum export float for goto if int long "
                     "namespace new not operator or private public register return short static struct switch template this "
                     "union using void xor".split())  # fmt: skip


class SchemaError(ValueError):
    """A schema that is wrong, or that uses what this generator does not know."""


@dataclasses.dataclass(frozen=True)
class Encoding:
    """A type of the schema: how many bytes, and which C++ reads them."""

    kind: str  # number, text, array, enum, set, composite
    cpp: str
    size: int
    native: str = ""
    length: int = 1
    presence: str = "required"
    null: str = ""
    constant: str = ""


@dataclasses.dataclass(frozen=True)
class Field:
    name: str
    encoding: Encoding
    offset: int
    since: int
    presence: str


@dataclasses.dataclass(frozen=True)
class Part:
    """A group or a text behind a block."""

    name: str
    cpp: str
    since: int
    length_cpp: str = ""
    body: "Body | None" = None


@dataclasses.dataclass(frozen=True)
class Body:
    """A message, or an entry of a group: a block of fields, then groups, then texts."""

    name: str
    fields: list[Field]
    parts: list[Part]
    block_bytes: int


def snake(name: str) -> str:
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return f"{name}_" if name in KEYWORDS else name


def pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def tag(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def literal(native: str, value: str) -> str:
    """A number of the schema as C++ writes it."""
    if native == "char":
        return f"static_cast<char>({int(value)})" if value.lstrip("-").isdigit() and len(value) > 1 else f"'{value}'"
    if native in ("float", "double"):
        cpp = NATIVE[native][0]
        return f"std::numeric_limits<{cpp}>::quiet_NaN()" if value.lower() == "nan" else f"{cpp}{{{float(value)!r}}}"
    return f"static_cast<{NATIVE[native][0]}>({int(value)}{'U' if native.startswith('u') else ''}LL)"


def null_of(native: str, given: str | None) -> str:
    if given is not None:
        return literal(native, given)
    cpp = NATIVE[native][0]
    if native == "char":
        return "'\\0'"
    if native in ("float", "double"):
        return f"std::numeric_limits<{cpp}>::quiet_NaN()"
    return f"std::numeric_limits<{cpp}>::{'max' if native.startswith('u') else 'min'}()"


class Schema:
    """Reads a schema into bodies and writes them as C++."""

    def __init__(self, root: ET.Element) -> None:
        self.root = root
        self.namespace = "::".join(snake(part) for part in root.get("package", "schema").split("."))
        self.order = "big" if root.get("byteOrder") == "bigEndian" else "little"
        self.encodings: dict[str, Encoding] = {
            name: Encoding("number", cpp, size, native=name) for name, (cpp, size) in NATIVE.items()
        }
        self.composites: dict[str, list[tuple[str, Encoding, int]]] = {}
        self.declarations: list[str] = []
        for element in (child for types in root if tag(types) == "types" for child in types):
            self.encodings[element.get("name", "")] = self.declare(element)
        self.bodies = [(self.body(child, pascal(child.get("name", ""))), int(child.get("id", "0")))
                       for child in root if tag(child) == "message"]  # fmt: skip

    # --- reading ------------------------------------------------------------------------------------------------------

    def encoding(self, name: str) -> Encoding:
        if name not in self.encodings:
            raise SchemaError(f"type {name!r} is not declared")
        return self.encodings[name]

    def declare(self, element: ET.Element) -> Encoding:
        read = {"type": self.simple, "enum": self.enum, "set": self.bits, "composite": self.composite}.get(tag(element))
        if read is None:
            raise SchemaError(f"<{tag(element)}> {element.get('name')!r} is not known")
        return read(element)

    def simple(self, element: ET.Element) -> Encoding:
        native = element.get("primitiveType", "")
        if native not in NATIVE:
            raise SchemaError(f"type {element.get('name')!r} has no primitive type {native!r}")
        cpp, size = NATIVE[native]
        length = int(element.get("length", "1"))
        presence = element.get("presence", "required")
        constant = literal(native, (element.text or "").strip()) if presence == "constant" and length == 1 else ""
        if presence == "constant" and not constant:
            raise SchemaError(f"constant {element.get('name')!r} of more than one element")
        kind = "number" if length == 1 else "text" if native == "char" else "array"
        null = null_of(native, element.get("nullValue"))
        bytes_used = 0 if constant else size * length
        return Encoding(kind, cpp, bytes_used, native, length, presence, null, constant)

    def enum(self, element: ET.Element) -> Encoding:
        base = self.encoding(element.get("encodingType", ""))
        name = pascal(element.get("name", ""))
        values = [f"{snake(value.get('name', ''))} = {literal(base.native, (value.text or '').strip())}" for value in element]
        known = " || ".join(f"value == {name}::{snake(value.get('name', ''))}" for value in element)
        self.declarations.append(
            f"enum class {name} : {base.cpp} {{ {', '.join(values)} }};\n\n"
            f"[[nodiscard]] constexpr bool is_known({name} value) noexcept {{ return {known}; }}\n"
        )
        null = f"static_cast<{name}>({null_of(base.native, element.get('nullValue'))})"
        return Encoding("enum", name, base.size, base.native, null=null)

    def bits(self, element: ET.Element) -> Encoding:
        base = self.encoding(element.get("encodingType", ""))
        name = pascal(element.get("name", ""))
        choices = "".join(
            f"    [[nodiscard]] constexpr bool {snake(choice.get('name', ''))}() const noexcept "
            f"{{ return (bits >> {int(choice.text or '')} & 1) != 0; }}\n"
            for choice in element
        )
        self.declarations.append(f"struct {name} {{\n    {base.cpp} bits = 0;\n{choices}}};\n")
        return Encoding("set", name, base.size, base.native)

    def composite(self, element: ET.Element) -> Encoding:
        name = pascal(element.get("name", ""))
        members, at = [], 0
        for child in element:
            encoding = self.encoding(child.get("type", "")) if tag(child) == "ref" else self.declare(child)
            at = self.placed(child, at)
            members.append((child.get("name", ""), encoding, at))
            at += encoding.size
        self.composites[element.get("name", "")] = members
        if element.get("name") == "messageHeader" or any(child.get("name") in ("numInGroup", "varData") for child in element):
            return Encoding("composite", name, at)
        fields = [Field(member, encoding, offset, 0, encoding.presence) for member, encoding, offset in members]
        accessors = "".join(self.accessor(field) for field in fields)
        self.declarations.append(
            f"class {name} {{\npublic:\n    explicit {name}(std::span<const std::uint8_t> block) noexcept : block_(block) {{}}\n\n"
            f"{accessors}\nprivate:\n    std::span<const std::uint8_t> block_;\n}};\n"
        )
        return Encoding("composite", name, at)

    @staticmethod
    def placed(element: ET.Element, at: int) -> int:
        offset = int(element.get("offset", at))
        if offset < at:
            raise SchemaError(f"{element.get('name')!r} overlaps what is before it")
        return offset

    def body(self, element: ET.Element, name: str) -> Body:
        fields, parts, at = [], [], 0
        for child in element:
            if tag(child) == "field":
                field = self.field(child, at)
                fields.append(field)
                at = field.offset + field.encoding.size
            else:
                parts.append(self.part(child))
        block_bytes = int(element.get("blockLength", at))
        if block_bytes < at:
            raise SchemaError(f"{name}: a block of {block_bytes} bytes with fields of {at}")
        return Body(name, fields, parts, block_bytes)

    def field(self, element: ET.Element, at: int) -> Field:
        encoding = self.encoding(element.get("type", ""))
        presence = element.get("presence", encoding.presence)
        if presence == "optional" and not encoding.null:
            encoding = dataclasses.replace(encoding, null=null_of(encoding.native, None)) if encoding.native else encoding
        if presence == "constant":
            encoding = dataclasses.replace(encoding, size=0, constant=encoding.constant or self.constant_of(element))
        return Field(element.get("name", ""), encoding, self.placed(element, at), int(element.get("sinceVersion", "0")), presence)

    @staticmethod
    def constant_of(element: ET.Element) -> str:
        enum, _, value = element.get("valueRef", "").partition(".")
        if not value:
            raise SchemaError(f"constant {element.get('name')!r} has no value")
        return f"{pascal(enum)}::{snake(value)}"

    def part(self, element: ET.Element) -> Part:
        name, since = element.get("name", ""), int(element.get("sinceVersion", "0"))
        if tag(element) == "data":
            length = self.composites[element.get("type", "")][0][1]
            return Part(name, "std::string_view", since, length.cpp)
        if tag(element) != "group":
            raise SchemaError(f"<{tag(element)}> {name!r} is not known")
        body = self.body(element, f"{pascal(name)}Entry")
        block, count = (encoding.cpp for _, encoding, _ in self.composites[element.get("dimensionType", "groupSizeEncoding")][:2])
        return Part(name, f"sbe::Group<{body.name}, {block}, {count}, kOrder>", since, body=body)

    # --- writing ------------------------------------------------------------------------------------------------------

    def accessor(self, field: Field) -> str:
        encoding, name = field.encoding, snake(field.name)
        if encoding.constant:
            return f"    [[nodiscard]] static constexpr {encoding.cpp} {name}() noexcept {{ return {encoding.constant}; }}\n"
        cpp, value = self.reading(encoding, field.offset)
        is_optional = field.presence == "optional" and encoding.kind in ("number", "enum")
        if field.since == 0 and not is_optional:
            return f"    [[nodiscard]] {cpp} {name}() const noexcept {{ return {value}; }}\n"
        result = f"sbe::unless_null<{cpp}>({value}, {encoding.null})" if is_optional else value
        guard = f"        if (version_ < {field.since} || block_.size() < {field.offset + encoding.size}) return std::nullopt;\n"
        return (
            f"    [[nodiscard]] std::optional<{cpp}> {name}() const noexcept {{\n{guard if field.since else ''}"
            f"        return {result};\n    }}\n"
        )

    def reading(self, encoding: Encoding, offset: int) -> tuple[str, str]:
        """The type that an accessor returns, and the expression that reads it."""
        at = f"block_.data() + {offset}"
        native = NATIVE[encoding.native][0] if encoding.native else ""
        if encoding.kind == "number":
            return encoding.cpp, f"sbe::load<{native}, kOrder>({at})"
        if encoding.kind == "enum":
            return encoding.cpp, f"static_cast<{encoding.cpp}>(sbe::load<{native}, kOrder>({at}))"
        if encoding.kind == "set":
            return encoding.cpp, f"{encoding.cpp}{{sbe::load<{native}, kOrder>({at})}}"
        if encoding.kind == "composite":
            return encoding.cpp, f"{encoding.cpp}(block_.subspan({offset}, {encoding.size}))"
        if encoding.kind == "text":
            return "std::string_view", f"sbe::fixed_text({at}, {encoding.length})"
        size = encoding.size // encoding.length
        items = ", ".join(f"sbe::load<{native}, kOrder>({at} + {size * i})" for i in range(encoding.length))
        return f"std::array<{encoding.cpp}, {encoding.length}>", f"{{{items}}}"

    def write_body(self, body: Body, extra: str = "") -> str:
        entries = "".join(indented(self.write_body(part.body)) + "\n" for part in body.parts if part.body)
        required = max([field.offset + field.encoding.size for field in body.fields if field.since == 0], default=0)
        accessors = "".join(self.accessor(field) for field in body.fields)
        accessors += "".join(
            f"    [[nodiscard]] const {part.cpp}& {snake(part.name)}() const noexcept {{ return {snake(part.name)}_; }}\n"
            for part in body.parts
        )
        members = "".join(f"    {part.cpp} {snake(part.name)}_;\n" for part in body.parts)
        return (
            f"class {body.name} {{\npublic:\n{extra}"
            f"    static constexpr std::size_t kRequiredBytes = {required};  ///< of a block of the first version\n\n{entries}"
            f"{self.write_read(body)}\n{accessors}\nprivate:\n    std::span<const std::uint8_t> block_;\n"
            f"    std::uint16_t version_ = 0;\n{members}}};\n"
        )

    @staticmethod
    def write_read(body: Body) -> str:
        parts = ""
        for part in body.parts:
            name = snake(part.name)
            read = (
                f"if (const sbe::Flaw flaw = out.{name}_.read(cursor, version); flaw != sbe::Flaw::none) return flaw;"
                if part.body
                else f"if (!cursor.take_text<{part.length_cpp}, kOrder>(out.{name}_)) return sbe::Flaw::truncated;"
            )
            parts += f"        if (version >= {part.since}) {{\n            {read}\n        }}\n" if part.since else f"        {read}\n"
        return (
            f"    /// Takes one off the cursor and checks all of it.\n"
            f"    [[nodiscard]] static sbe::Flaw read(sbe::Cursor& cursor, std::size_t block_bytes, std::uint16_t version,\n"
            f"                                        {body.name}& out) noexcept {{\n"
            f"        if (block_bytes < kRequiredBytes) return sbe::Flaw::short_block;\n"
            f"        if (!cursor.take(block_bytes, out.block_)) return sbe::Flaw::truncated;\n"
            f"        out.version_ = version;\n{parts}        return sbe::Flaw::none;\n    }}\n"
        )

    def write_dispatch(self) -> str:
        header = {name: (encoding, offset) for name, encoding, offset in self.composites.get("messageHeader", [])}
        if set(header) != {"blockLength", "templateId", "schemaId", "version"}:
            raise SchemaError("messageHeader must have blockLength, templateId, schemaId and version")
        size = max(offset + encoding.size for encoding, offset in header.values())
        loads = {
            name: f"static_cast<{'std::size_t' if name == 'blockLength' else 'std::uint16_t'}>"
            f"(sbe::load<{encoding.cpp}, kOrder>(bytes.data() + {offset}))"
            for name, (encoding, offset) in header.items()
        }
        cases = "".join(
            f"        case {number}: return decode_as<{body.name}>(cursor, block_bytes, version, visitor);\n"
            for body, number in self.bodies
        )
        return DISPATCH.format(size=size, cases=cases, **{snake(name): load for name, load in loads.items()})

    def write(self) -> str:
        messages = "\n".join(
            self.write_body(
                body,
                f"    static constexpr std::uint16_t kTemplateId = {number};\n"
                f"    static constexpr std::size_t kBlockBytes = {body.block_bytes};\n",
            )
            for body, number in self.bodies
        )
        return HEAD.format(
            namespace=self.namespace, order=self.order, schema=int(self.root.get("id", "0")),
            version=int(self.root.get("version", "0")), declarations="\n".join(self.declarations), messages=messages,
            dispatch=self.write_dispatch(),
        )  # fmt: skip


def indented(text: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())


HEAD = """#pragma once

// Written by core/tools/sbe_generate.py from a schema in core/schemas: change that and run it again.

#include "parley/sbe.hpp"

namespace {namespace} {{

namespace sbe = ::parley::sbe;

inline constexpr std::endian kOrder = std::endian::{order};
inline constexpr std::uint16_t kSchemaId = {schema};
inline constexpr std::uint16_t kSchemaVersion = {version};

{declarations}
{messages}
{dispatch}
}}  // namespace {namespace}
"""

DISPATCH = """template <typename Message, typename Visitor>
[[nodiscard]] inline sbe::Flaw decode_as(sbe::Cursor& cursor, std::size_t block_bytes, std::uint16_t version, Visitor& visitor) {{
    Message message;
    const sbe::Flaw flaw = Message::read(cursor, block_bytes, version, message);
    if (flaw == sbe::Flaw::none) visitor.on(message);
    return flaw;
}}

/// Takes one message off the front of `bytes` and hands it to visitor.on(message). With a flaw nothing was called and
/// `bytes` is as it was.
template <typename Visitor>
[[nodiscard]] inline sbe::Flaw decode(std::span<const std::uint8_t>& bytes, Visitor& visitor) {{
    if (bytes.size() < {size}) return sbe::Flaw::truncated;
    const auto block_bytes = {block_length};
    const auto template_id = {template_id};
    const auto schema_id = {schema_id};
    const auto version = {version};
    if (schema_id != kSchemaId) return sbe::Flaw::unknown_schema;
    sbe::Cursor cursor(bytes.subspan({size}));
    const auto decoded = [&]() -> sbe::Flaw {{
        switch (template_id) {{
{cases}        default: return sbe::Flaw::unknown_template;
        }}
    }};
    const sbe::Flaw flaw = decoded();
    if (flaw == sbe::Flaw::none) bytes = cursor.rest();
    return flaw;
}}
"""


def generate(schema: str) -> str:
    """The C++ header of the schema in the text `schema`; SchemaError names what is wrong."""
    try:
        root = ET.fromstring(schema)  # noqa: S314 - see above
    except ET.ParseError as error:
        raise SchemaError(f"not XML: {error}") from error
    return Schema(root).write()


if __name__ == "__main__":
    sys.stdout.write(generate(Path(sys.argv[1]).read_text(encoding="utf-8")))
