#include "trainer/data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <variant>

#include "base/rng.h"
#include "trainer/floats.h"
#include "trainer/schedule.h"

namespace krige::trainer {
namespace {

using RowList = std::vector<std::uint32_t>;

// Beyond this a list of all rows is not made: 16 MiB.
constexpr std::uint64_t kShuffledRows = std::uint64_t{1} << 22;

double fraction_of(const TrainData::FractionOrFile& part) {
  const auto* fraction = std::get_if<double>(&part);
  return fraction == nullptr ? 0 : *fraction;
}

std::size_t count_of(double fraction, std::uint64_t rows) {
  if (fraction == 0) return 0;
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(static_cast<double>(rows) * fraction)));
}

// Each row goes to `drawn` with the chance that leaves every set of `count` rows as likely (Knuth, TAOCP 3.4.2, S), in
// one pass without a list.
RowList draw_in_passing(std::uint64_t rows, std::size_t count, Rng& rng) {
  RowList drawn;
  drawn.reserve(count);
  for (std::uint64_t row = 0; row < rows && drawn.size() < count; ++row)
    if (rng.below(rows - row) < count - drawn.size()) drawn.push_back(static_cast<std::uint32_t>(row));
  return drawn;
}

class Splitter {
 public:
  Splitter(const TrainData& data, std::uint64_t seed, std::uint64_t rows, std::span<const float> classes)
      : data_(data), seed_(seed), all_(rows), classes_(classes) {}

  Result<Split> run() {
    const double validation = data_.folds > 0 ? 0 : fraction_of(data_.validation);
    const double test = data_.test ? fraction_of(*data_.test) : 0;
    Split split;
    split.whole = data_.folds == 0 && validation == 0 && test == 0;
    if (split.whole) return split;
    if (data_.stratified && classes_.empty())
      return fail(ErrorCode::invalid_argument, "needs classes: the label is a number", "data.stratified");
    if (all_ > kShuffledRows && test == 0 && data_.folds == 0 && !data_.stratified) {
      Rng rng(seed_, static_cast<std::uint64_t>(SeedStream::split));
      split.validation = draw_in_passing(all_, count_of(validation, all_), rng);
      return without(split);
    }
    RowList rows(all_);
    std::iota(rows.begin(), rows.end(), 0U);
    KRIGE_TRY(split.test, draw(rows, test, SeedStream::test_split, "data.test"));
    if (data_.folds > 0) {
      KRIGE_TRY(split.validation, take_fold(rows));
    } else {
      KRIGE_TRY(split.validation, draw(rows, validation, SeedStream::split, "data.validation"));
    }
    split.train = std::move(rows);
    return split;
  }

 private:
  // All rows but those of validation train.
  [[nodiscard]] Result<Split> without(Split split) const {
    if (split.validation.size() >= all_) return nothing_left("data.validation");
    split.train.reserve(all_ - split.validation.size());
    auto next = split.validation.begin();
    for (std::uint32_t row = 0; row < all_; ++row)
      if (next != split.validation.end() && *next == row)
        ++next;
      else
        split.train.push_back(row);
    return split;
  }

  [[nodiscard]] Unexpected nothing_left(const char* field) const {
    return fail(ErrorCode::invalid_argument, fmt::format("leaves no training rows of {}", all_), field);
  }

  // Takes a fraction of all rows out of `rows`.
  Result<RowList> draw(RowList& rows, double fraction, SeedStream stream, const char* field) const {
    const std::size_t count = count_of(fraction, all_);
    if (count == 0) return RowList();
    if (count >= rows.size()) return nothing_left(field);
    Rng rng(seed_, static_cast<std::uint64_t>(stream));
    rng.shuffle(std::span<std::uint32_t>(rows));
    if (data_.stratified) spread_classes(rows);
    const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(count);
    RowList drawn(rows.begin(), middle);
    rows.erase(rows.begin(), middle);
    std::ranges::sort(rows);
    std::ranges::sort(drawn);
    return drawn;
  }

  Result<RowList> take_fold(RowList& rows) const {
    const auto folds = static_cast<std::uint64_t>(data_.folds);
    const auto fold = static_cast<std::uint64_t>(data_.fold);
    if (folds > rows.size())
      return fail(ErrorCode::invalid_argument, fmt::format("is more than the {} rows", rows.size()), "data.folds");
    Rng rng(seed_, static_cast<std::uint64_t>(SeedStream::split));
    rng.shuffle(std::span<std::uint32_t>(rows));
    if (data_.stratified) spread_classes(rows);
    const KeyRange part = part_of(rows.size(), folds, fold);
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(part.begin);
    const auto end = rows.begin() + static_cast<std::ptrdiff_t>(part.end);
    RowList taken(begin, end);
    rows.erase(begin, end);
    std::ranges::sort(rows);
    std::ranges::sort(taken);
    return taken;
  }

  // Puts shuffled rows into an order in which every stretch has the classes' shares: the i-th of the n rows of a class
  // belongs at (i + ½) / n of the whole.
  void spread_classes(RowList& rows) const {
    const auto class_of = [this](std::uint32_t row) { return static_cast<std::size_t>(classes_[row]); };
    std::vector<std::uint32_t> sizes;
    for (const std::uint32_t row : rows) {
      sizes.resize(std::max(sizes.size(), class_of(row) + 1));
      ++sizes[class_of(row)];
    }
    std::vector<std::uint32_t> seen(sizes.size());
    std::vector<std::pair<double, std::uint32_t>> placed;
    placed.reserve(rows.size());
    for (const std::uint32_t row : rows) {
      const std::size_t c = class_of(row);
      placed.emplace_back((seen[c]++ + 0.5) / sizes[c], row);
    }
    std::ranges::stable_sort(placed, {}, &std::pair<double, std::uint32_t>::first);
    std::ranges::transform(placed, rows.begin(), &std::pair<double, std::uint32_t>::second);
  }

  const TrainData& data_;
  std::uint64_t seed_;
  std::uint64_t all_;
  std::span<const float> classes_;
};

}  // namespace

Result<Split> split_rows(const TrainData& data, std::uint64_t seed, std::uint64_t rows,
                         std::span<const float> classes) {
  return Splitter(data, seed, rows, classes).run();
}

}  // namespace krige::trainer
