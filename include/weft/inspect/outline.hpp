#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "../lang/combinators.hpp"
#include "../lang/layers/activation.hpp"
#include "../lang/layers/normalization.hpp"
#include "../lang/layers/pooling.hpp"
#include "detail/text.hpp"

namespace weft::inspect {

struct outline_part;

/// A layer as text and data, for tables and drawings.
struct outline_layer {
    std::string kind;     ///< "conv2d"
    std::string options;  ///< "6, 5x5, padding 2"
    std::string path;     ///< its parameters' names begin with this: "3.body.0"
    std::string title;    ///< what named<"…"> says
    extents in, out;
    std::vector<outline_part> parts;  ///< of a composite layer; each takes the layer's input

    /// Kind, options and title on one line.
    std::string text() const {
        return kind + (options.empty() ? "" : " " + options) + (title.empty() ? "" : " \"" + title + "\"");
    }
};

/// A branch of a composite layer.
struct outline_part {
    std::string name;  ///< "body"
    std::vector<outline_layer> layers;
};

namespace detail {

inline std::string pair_text(const int (&v)[2], const char* between) {
    return std::to_string(v[0]) + between + std::to_string(v[1]);
}
/// ", stride 2", or nothing if both numbers are as usual.
inline std::string pair_option(const char* name, const int (&v)[2], int usual_h, int usual_w) {
    if (v[0] == usual_h && v[1] == usual_w) return {};
    return std::string(", ") + name + " " + (v[0] == v[1] ? std::to_string(v[0]) : pair_text(v, "x"));
}

/// The options of weft's own layers, those at their defaults left out.
inline std::string options_text(std::string_view kind, const option_values& o, extents in, extents out) {
    std::string text;
    const bool pool = kind == "max_pool2d" || kind == "avg_pool2d", deep = kind == "depthwise_conv2d";
    if (kind == "dense") text = std::to_string(out.last());
    if (kind == "conv2d" || deep) text = std::to_string(deep ? out[0] / in[0] : out[0]) + ", ";
    if (kind == "conv2d" || deep || pool) {
        text += pair_text(o.kernel, "x");
        text += pair_option("stride", o.stride, pool ? o.kernel[0] : 1, pool ? o.kernel[1] : 1);
        text += pair_option("padding", o.padding, 0, 0) + pair_option("dilation", o.dilation, 1, 1);
        if (o.groups != 1) text += ", groups " + std::to_string(o.groups);
    }
    if (!o.bias) text += ", no bias";
    if (!o.count_padding) text += ", exclude padding";
    if (!o.affine) text += ", no affine";
    if (o.epsilon != 1e-5f) text += ", epsilon " + number(double(o.epsilon));
    if (o.momentum != 0.1f) text += ", momentum " + number(double(o.momentum));
    if (o.axis >= 0) text += ", axis " + std::to_string(o.axis);
    return text.substr(text.rfind(", ", 0) == 0 ? 2 : 0);
}

/// A type's name without namespaces and arguments, for layers that do not say their kind.
template <class T>
std::string type_name() {
    std::string_view text = __PRETTY_FUNCTION__;
    text.remove_prefix(text.find("T = ") + 4);
    text = text.substr(0, text.find_first_of("<;]"));
    return std::string(text.substr(text.rfind(':') + 1));
}

/// What is not among the options: template arguments of the layers that have no options.
template <class L>
std::string arguments_text(const L*) {
    return {};
}
template <real Rate>
std::string arguments_text(const dropout_layer<Rate>*) {
    return number(double(Rate.value()));
}
template <activation_kind K, real P>
std::string arguments_text(const activation_layer<K, P>*) {
    return P.value() == 0 ? "" : number(double(P.value()));
}
template <class F>
std::string arguments_text(const custom_activation_layer<F>*) {
    return type_name<F>();
}
template <int H, int W>
std::string arguments_text(const upsample2d_layer<H, W>*) {
    return std::to_string(H) + "x" + std::to_string(W);
}

/// The name that named<"…"> gives a layer, or null.
template <class L>
constexpr const char* own_name() {
    if constexpr (requires { L::name(); })
        return L::name();
    else
        return nullptr;
}

template <class L>
void describe(outline_layer& to);

template <class... Layers>
void describe_block(std::vector<outline_layer>& to, block<Layers...>, extents in, const std::string& path) {
    using describing = void (*)(outline_layer&);
    constexpr describing each[] = {&describe<Layers>..., nullptr};
    constexpr const char* names[] = {own_name<Layers>()..., nullptr};
    for (std::size_t i = 0; each[i] != nullptr; ++i) {
        outline_layer layer;
        layer.in = in;
        layer.path = path + (names[i] ? names[i] : std::to_string(i));
        each[i](layer);
        in = layer.out;
        to.push_back(std::move(layer));
    }
}
template <class Block>
void describe_part(outline_layer& to, const std::string& name) {
    outline_part part{name, {}};
    describe_block(part.layers, Block{}, to.in, to.path + "." + (name.empty() ? "" : name + "."));
    to.parts.push_back(std::move(part));
}

template <class L>
void describe_parts(outline_layer&, const L*) {}
template <class Body, class Shortcut>
void describe_parts(outline_layer& to, const residual_layer<Body, Shortcut>*) {
    describe_part<Body>(to, "body");
    describe_part<Shortcut>(to, "shortcut");
}
template <class... Branches>
void describe_branches(outline_layer& to) {
    using describing = void (*)(outline_layer&, const std::string&);
    constexpr describing each[] = {&describe_part<Branches>...};
    for (std::size_t i = 0; i < sizeof...(Branches); ++i) each[i](to, std::to_string(i));
}
template <class... Branches>
void describe_parts(outline_layer& to, const concat_layer<Branches...>*) {
    describe_branches<Branches...>(to);
}
template <class... Branches>
void describe_parts(outline_layer& to, const add_layer<Branches...>*) {
    describe_branches<Branches...>(to);
}
template <class... Branches>
void describe_parts(outline_layer& to, const multiply_layer<Branches...>*) {
    describe_branches<Branches...>(to);
}
template <class L>
concept has_name = requires {
    L::name();
};
/// A single layer without a name takes this one itself; others are the parts of a composite.
template <fixed_string Name, class Only>
requires(!has_name<Only>) void describe_parts(outline_layer& to, const named_layer<Name, block<Only>>*) {
    describe<Only>(to);
    to.title = Name.text;
}
template <fixed_string Name, class... Layers>
void describe_parts(outline_layer& to, const named_layer<Name, block<Layers...>>*) {
    to.title = Name.text;
    describe_part<block<Layers...>>(to, "");
}

/// Fills in all of a layer but its input and path, which are there.
template <class L>
void describe(outline_layer& to) {
    to.out = L::output(to.in).out;
    if constexpr (requires { L::kind; })
        to.kind = L::kind;
    else
        to.kind = type_name<L>();
    to.options = arguments_text(static_cast<const L*>(nullptr));
    if constexpr (requires { static_cast<const option_values&>(L::options); })
        to.options += options_text(to.kind, L::options, to.in, to.out);
    describe_parts(to, static_cast<const L*>(nullptr));
}

}  // namespace detail

/// The layers of a network, composite ones with their parts. Does not compile without an input.
///
///     for (const inspect::outline_layer& layer : inspect::outline(net)) {
///         std::printf("%s, with %zu branches\n", layer.text().c_str(), layer.parts.size());
///         for (const inspect::outline_part& part : layer.parts) std::puts(part.name.c_str());
///     }
template <class In, class Out, class... Layers>
std::vector<outline_layer> outline(network<In, Out, Layers...>) {
    std::vector<outline_layer> result;
    detail::describe_block(result, block<Layers...>{}, In::value, "");
    return result;
}

}  // namespace weft::inspect
