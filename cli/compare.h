// The same training in every mode: what each gives for time and for examples, and where its time goes.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/interrupt.h"

namespace krige::cli {

// Runs the job (canonical) in bsp, ssp, asp and mapreduce, one after the other, and prints a table a mode and a plot
// of loss over time; with `json` one document {modes: [{mode, optimizer, records, compute_share, wait_share,
// wire_bytes}]}. An optimizer that a mode does not have is replaced by the mode's own. The exit code.
int compare_modes(const OrderedJson& job, const std::vector<std::string>& arguments, bool json,
                  const InterruptWatch& interrupt);

struct Curve {
  char mark = '*';
  std::vector<std::pair<double, double>> points;  // x, y
};
// A plot in characters over the curves' common range, but of y only up to `top`; points above it, and such that are not
// finite, are left out.
[[nodiscard]] std::string plot(const std::vector<Curve>& curves, double top, const std::string& x_name,
                               const std::string& y_name);

}  // namespace krige::cli
