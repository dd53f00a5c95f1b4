#pragma once
/// No errors.
///
///     io::dtype type;
///     if (io::find_dtype("BF16", type) && io::is_real(type))
///         std::printf("%s: %zu bytes\n", std::string(io::name_of(type)).c_str(), io::size_of(type));

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::io {

/// The element types of safetensors that fill whole bytes.
enum class dtype : std::uint8_t {
    boolean,
    u8,
    i8,
    f8_e5m2,
    f8_e4m3,
    f8_e8m0,
    i16,
    u16,
    f16,
    bf16,
    i32,
    u32,
    f32,
    f64,
    i64,
    u64,
    c64
};

namespace detail {

struct dtype_row {
    std::string_view name;
    std::size_t size;
};

inline constexpr std::array<dtype_row, 17> dtype_table{{{"BOOL", 1},
                                                        {"U8", 1},
                                                        {"I8", 1},
                                                        {"F8_E5M2", 1},
                                                        {"F8_E4M3", 1},
                                                        {"F8_E8M0", 1},
                                                        {"I16", 2},
                                                        {"U16", 2},
                                                        {"F16", 2},
                                                        {"BF16", 2},
                                                        {"I32", 4},
                                                        {"U32", 4},
                                                        {"F32", 4},
                                                        {"F64", 8},
                                                        {"I64", 8},
                                                        {"U64", 8},
                                                        {"C64", 8}}};

}  // namespace detail

/// As safetensors spells it: "F32".
constexpr std::string_view name_of(dtype type) { return detail::dtype_table[std::size_t(type)].name; }

/// Bytes per element.
constexpr std::size_t size_of(dtype type) { return detail::dtype_table[std::size_t(type)].size; }

/// Finds a type by name; false if there is none.
constexpr bool find_dtype(std::string_view name, dtype& type) {
    for (std::size_t i = 0; i < detail::dtype_table.size(); ++i)
        if (detail::dtype_table[i].name == name) {
            type = dtype(i);
            return true;
        }
    return false;
}

/// Whether numbers of the type can be read as float or double: F64, F32, F16, BF16.
constexpr bool is_real(dtype type) {
    return type == dtype::f64 || type == dtype::f32 || type == dtype::f16 || type == dtype::bf16;
}

}  // namespace weft::io
