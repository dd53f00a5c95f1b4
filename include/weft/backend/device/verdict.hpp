#pragma once

#include "loss_scale.hpp"

namespace weft::device {

/// What an update makes of its gradients.
struct verdict {
    int finite;     ///< are all of them?
    double factor;  ///< of all, for clipping by norm and against the loss's scale
    loss_scale scale;
};

/// What a step tells the host. The device hands it over at the end of its work, so that one wait is enough.
template <class Scalar, class Memory>
class step_report {
public:
    struct content {
        Scalar loss;
        verdict update;
    };

    step_report() : here_(1) {}

    /// Has the device hand over a loss and a verdict, which are its memory's.
    template <class Device>
    void fetch(Device& device, const Scalar* loss, const verdict* update) {
        device.download(loss, &here_.data()->loss, sizeof *loss);
        device.download(update, &here_.data()->update, sizeof *update);
    }
    /// After device.wait().
    const content& read() const { return *here_.data(); }

private:
    typename Memory::template staging<content> here_;
};

}  // namespace weft::device
