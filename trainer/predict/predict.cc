#include "trainer/predict/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "trainer/models/model.h"
#include "trainer/worker/gradient.h"

namespace krige::trainer {
namespace {

constexpr std::uint64_t kBlockRows = 256;
constexpr std::size_t kPieceBytes = 1 << 16;

Result<std::unique_ptr<Model>> model_of(const ModelFile& file) {
  KRIGE_TRY(std::unique_ptr<Model> model, make_model(file.job, file.data));
  if (model->parameters() != file.weights.size())
    return fail(ErrorCode::corrupt,
                fmt::format("the model has {} weights where {} belong", file.weights.size(), model->parameters()));
  return model;
}

// softmax(z); of one output z: 1 − σ(z), σ(z).
std::vector<double> probabilities_of(std::span<const float> z) {
  std::vector<double> p(z.begin(), z.end());
  if (p.size() == 1) p.insert(p.begin(), 0.0);
  const double top = *std::ranges::max_element(p);
  double sum = 0;
  for (double& value : p) sum += value = std::exp(value - top);
  for (double& value : p) value /= sum;
  return p;
}

// The first of the greatest outputs, as the evaluation counts; one output: an undecided row is of the first class.
std::size_t class_of(std::span<const float> z) {
  if (z.size() == 1) return z[0] > 0 ? 1 : 0;
  return static_cast<std::size_t>(std::ranges::max_element(z) - z.begin());
}

class Lines {
 public:
  Lines(const DataSummary& data, const PredictionFormat& format) : data_(data), format_(format) {}

  // `z` are the row's outputs.
  void add(std::span<const float> z) {
    if (format_.json)
      text_ += json_of(z).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
    else
      add_plain(z);
    text_ += '\n';
  }
  [[nodiscard]] const std::string& text() const { return text_; }
  void clear() { text_.clear(); }

 private:
  void add_plain(std::span<const float> z) {
    if (data_.regression()) {
      fmt::format_to(std::back_inserter(text_), "{}", z[0]);
      return;
    }
    text_ += data_.classes[class_of(z)];
    if (!format_.probabilities) return;
    for (const double p : probabilities_of(z)) fmt::format_to(std::back_inserter(text_), "\t{:.6g}", p);
  }

  [[nodiscard]] OrderedJson json_of(std::span<const float> z) const {
    if (data_.regression()) return {{"value", z[0]}};
    OrderedJson json{{"class", data_.classes[class_of(z)]}};
    if (!format_.probabilities) return json;
    const std::vector<double> p = probabilities_of(z);
    for (std::size_t c = 0; c < p.size(); ++c) json["probabilities"][data_.classes[c]] = p[c];
    return json;
  }

  const DataSummary& data_;
  PredictionFormat format_;
  std::string text_;
};

}  // namespace

Status predict(const ModelFile& file, const std::string& path, const PredictionFormat& format,
               const std::function<Status(std::string_view)>& write) {
  if (format.probabilities && file.data.regression())
    return fail(ErrorCode::invalid_argument, "the model predicts a number: there are no classes", "--probabilities");
  KRIGE_TRY(const std::unique_ptr<Model> model, model_of(file));
  KRIGE_TRY(const RowSet rows, load_further(file.job, file.data, path, Labels::ignored));
  RowBuffers buffers;
  Lines lines(file.data, format);
  for (std::uint64_t begin = 0; begin < rows.size(); begin += kBlockRows) {
    const std::size_t count = std::min(kBlockRows, rows.size() - begin);
    const std::span<const float> z = model->outputs(file.weights, rows.slice(begin, count, buffers));
    const std::size_t width = z.size() / count;
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = z.subspan(i * width, width);
      if (!std::ranges::all_of(row, [](float value) { return std::isfinite(value); }))
        return fail(ErrorCode::unsupported,
                    fmt::format("{}: the model's output for row {} is not a finite number", path, begin + i + 1));
      lines.add(row);
    }
    if (lines.text().size() < kPieceBytes) continue;
    KRIGE_CHECK(write(lines.text()));
    lines.clear();
  }
  return write(lines.text());
}

Result<Measure> evaluate(const ModelFile& file, const std::string& path) {
  KRIGE_TRY(const std::unique_ptr<Model> model, model_of(file));
  KRIGE_TRY(const RowSet rows, load_further(file.job, file.data, path, Labels::needed));
  const auto blocks = evaluate_share(*model, rows, file.weights, 1, 0, [] {});
  const std::optional<Score> score = score_of(blocks, rows.size(), file.data.regression());
  return Measure{rows.size(), rows.skipped(), score.value_or(Score{}), file.data.regression()};
}

std::string to_text(const Measure& m) {
  std::string text = fmt::format("rows {}  loss {:.6g}  {} {:.6g}", m.rows, m.score.loss,
                                 m.regression ? "rmse" : "accuracy", m.score.quality);
  if (m.skipped > 0) text += fmt::format("  skipped {}", m.skipped);
  return text;
}

std::string to_json_text(const Measure& m) {
  return OrderedJson{{"rows", m.rows},
                     {"skipped_rows", m.skipped},
                     {"loss", number_to_json(m.score.loss)},
                     {m.regression ? "rmse" : "accuracy", number_to_json(m.score.quality)}}
      .dump();
}

}  // namespace krige::trainer
