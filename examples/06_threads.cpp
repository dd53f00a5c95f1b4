// Deployment: threads share one const model, and each brings a workspace. No locks, and no allocation after the
// start.
#include <weft/weft.hpp>

#include <cstdio>
#include <thread>
#include <vector>

constexpr auto net = weft::input<16> >> weft::dense<64> >> weft::relu >> weft::dense<3> >> weft::softmax;
using model_type = weft::model<net, weft::cpu>;

/// Answers requests `first`, `first` + `step`, … one at a time.
void serve(const model_type& model, const std::vector<float>& requests, std::vector<float>& answers,
           std::size_t first, std::size_t step) {
    model_type::inference_workspace space{weft::batch_capacity{1}};
    for (std::size_t i = first; i < answers.size() / 3; i += step)
        model.predict(std::span(requests).subspan(16 * i, 16), std::span(answers).subspan(3 * i, 3), space);
}

int main() {
    const model_type model{weft::seed{7}};  // a real program loads one: weft::load(model, "….safetensors")

    constexpr std::size_t count = 10'000;
    std::vector<float> requests(16 * count), answers(3 * count), alone(3 * count);
    weft::random_stream random(weft::seed{1}, 0);
    for (float& x : requests) x = random.uniform();

    std::vector<std::thread> team;
    for (std::size_t t = 0; t < 4; ++t)
        team.emplace_back([&, t] { serve(model, requests, answers, t, 4); });
    for (std::thread& member : team) member.join();

    serve(model, requests, alone, 0, 1);
    std::printf("%zu answers from 4 threads, %s\n", count,
                answers == alone ? "the same to the bit as from one" : "and they differ from those of one");
    return answers == alone ? 0 : 1;
}
