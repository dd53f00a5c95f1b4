#pragma once

#include <string>
#include <vector>

#include "outline.hpp"

namespace weft {

namespace inspect::detail {

/// Writes layers as Graphviz nodes, and what flows between them as edges labelled with shapes.
class dot_writer {
public:
    std::string text(const std::vector<outline_layer>& layers, extents input) {
        out_ =
            "digraph network {\n"
            "  graph [fontname=\"Helvetica\", fontsize=11, labeljust=l, style=\"rounded\", "
            "color=\"#8a8a8a\", "
            "fontcolor=\"#555555\"];\n"
            "  node [shape=box, style=\"rounded,filled\", fillcolor=\"#eef3f8\", color=\"#4a6f94\", "
            "fontname=\"Helvetica\", fontsize=11];\n"
            "  edge [fontname=\"Helvetica\", fontsize=9, color=\"#555555\", fontcolor=\"#555555\"];\n";
        place last{node("input", "#ffffff"), input};
        last = chain(layers, last);
        edge(last, node("output", "#ffffff"));
        return out_ + edges_ + "}\n";
    }

private:
    /// A node, and the shape of what leaves it.
    struct place {
        int id;
        extents shape;
    };

    static std::string escaped(const std::string& text) {
        std::string result;
        for (char c : text) {
            if (c == '"' || c == '\\') result += '\\';
            result += c;
        }
        return result;
    }
    void line(const std::string& text) { out_ += std::string(2 * depth_, ' ') + text + "\n"; }
    int node(const std::string& label, const char* fill) {
        std::string attributes = "label=\"" + escaped(label) + "\"";
        if (*fill) attributes += std::string(", fillcolor=\"") + fill + "\"";
        line("n" + std::to_string(count_) + " [" + attributes + "];");
        return count_++;
    }
    /// Edges come last: one inside a frame would draw its ends into the frame.
    void edge(const place& from, int to) {
        edges_ += "  n" + std::to_string(from.id) + " -> n" + std::to_string(to) + " [label=\" " +
                  shape_text(from.shape) + "\"];\n";
    }

    /// Layers after each other.
    place chain(const std::vector<outline_layer>& layers, place from) {
        for (const outline_layer& layer : layers) {
            if (layer.parts.empty()) {
                const int id = node(layer.text(), "");
                edge(from, id);
                from = {id, layer.out};
            } else {
                from = composite(layer, from);
            }
        }
        return from;
    }

    /// A frame around the branches and the node that joins them.
    place composite(const outline_layer& layer, place from) {
        line("subgraph cluster_" + std::to_string(clusters_++) + " {");
        ++depth_;
        line("label=\"" + escaped(layer.text()) + "\";");
        place result = from;
        if (layer.parts.size() == 1) {
            result = chain(layer.parts[0].layers, from);
        } else {
            std::vector<place> ends;
            for (const outline_part& part : layer.parts) ends.push_back(chain(part.layers, from));
            const bool sum = layer.kind == "residual" || layer.kind == "add";
            const int join = node(sum ? "+" : layer.kind == "multiply" ? "\xc3\x97" : layer.kind, "#fdf3e0");
            for (const place& end : ends) edge(end, join);
            result = {join, layer.out};
        }
        --depth_;
        line("}");
        return result;
    }

    std::string out_, edges_;
    int count_ = 0, clusters_ = 0;
    std::size_t depth_ = 1;
};

}  // namespace inspect::detail

/// A network as a Graphviz graph: layers as boxes, composite layers as frames, shapes on the edges.
/// `weft_program | dot -Tsvg -o network.svg` draws it. Does not compile without an input.
///
///     std::puts(dot(net).c_str());
template <class In, class Out, class... Layers>
std::string dot(network<In, Out, Layers...> net) {
    return inspect::detail::dot_writer{}.text(inspect::outline(net), In::value);
}

}  // namespace weft
