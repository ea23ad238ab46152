#include "trainer/data/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "trainer/data/delimited.h"
#include "trainer/data/idx.h"
#include "trainer/data/libsvm.h"
#include "trainer/data/line_chunks.h"
#include "trainer/data/table_builder.h"

namespace krige::trainer {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxThreads = 4;
constexpr std::uint64_t kCompressionRatio = 8;  // guessed, to tell whether a second thread is worth its start
constexpr milliseconds kProgressInterval{20};

using ParserFactory = std::function<std::unique_ptr<RowParser>()>;

// Threads take turns: chunks are read one at a time, parsed at the same time, and added in their order.
class Pipeline {
 public:
  Pipeline(LineChunks& chunks, std::size_t header_lines, ParserFactory parsers, TableBuilder& builder)
      : chunks_(chunks), header_lines_(header_lines), parsers_(std::move(parsers)), builder_(builder) {}

  Status run(std::size_t threads, const Progress& progress) {
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < threads; ++i) others.emplace_back([this] { work([] {}); });
      work(progress);
    }
    if (error_) return fail(*error_);
    return {};
  }

 private:
  void work(const Progress& progress) {
    const std::unique_ptr<RowParser> parser = parsers_();
    TextChunk text;
    RowChunk rows;
    while (true) {
      const Result<bool> got = read(text);
      if (got && !*got) return;
      if (got) parse(*parser, text, rows);
      if (!add(text.index, got ? nullptr : &got.error(), rows, progress)) return;
      progress();
    }
  }

  Result<bool> read(TextChunk& text) {
    const std::lock_guard lock(reading_);
    if (read_to_end_) return false;
    Result<bool> got = chunks_.next(text);
    read_to_end_ = !got || !*got;
    return got;
  }

  void parse(RowParser& parser, const TextChunk& text, RowChunk& rows) const {
    std::string_view rest = text.text();
    const std::size_t header = text.index == 0 ? header_lines_ : 0;
    for (std::size_t i = 0; i < header; ++i) rest.remove_prefix(rest.find('\n') + 1);
    parser.parse(rest, rows);
    rows.lines += header;
    if (rows.fault) rows.fault->line += header;
  }

  // Whether to go on. A fault of reading counts at its place, so that the first fault of the file is told whichever
  // thread finds one first.
  bool add(std::uint64_t index, const Error* unreadable, RowChunk& rows, const Progress& progress) {
    std::unique_lock lock(adding_);
    // Another thread holds the turn and computes; it ends or fails, and both wake this one.
    while (index != next_ && !error_)
      if (!turn_.wait_for(lock, kProgressInterval, [&] { return index == next_ || error_; })) progress();
    if (error_) return false;
    if (unreadable != nullptr)
      error_ = *unreadable;
    else if (Status added = builder_.add(rows); !added)
      error_ = added.error();
    ++next_;
    turn_.notify_all();
    return !error_;
  }

  LineChunks& chunks_;
  std::size_t header_lines_;
  ParserFactory parsers_;
  TableBuilder& builder_;  // guarded by adding_
  std::mutex reading_;     // guards chunks_, read_to_end_
  bool read_to_end_ = false;
  std::mutex adding_;
  std::condition_variable turn_;
  std::uint64_t next_ = 0;      // guarded by adding_
  std::optional<Error> error_;  // guarded by adding_
};

std::size_t threads_for(const ByteSource& source) {
  const std::uint64_t bytes = source.identity().size * (source.compressed() ? kCompressionRatio : 1);
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::clamp<std::size_t>(bytes / LineChunks::kChunkBytes, 1, std::min(cores, kMaxThreads));
}

Error at_line(const std::string& path, std::uint64_t line, Error error) {
  if (error.code != ErrorCode::payload_too_large) return error;
  return {ErrorCode::invalid_argument, fmt::format("{}:{}: {}", path, line, error.message), {}, {}};
}

struct TextPlan {
  TablePlan table;
  std::size_t header_lines = 0;
  ParserFactory parsers;
};

TextPlan delimited_plan(const TableRequest& request, std::shared_ptr<const DelimitedSchema> schema) {
  TextPlan plan;
  plan.header_lines = schema->header_lines;
  plan.parsers = [schema] { return delimited_parser(*schema); };
  TablePlan& table = plan.table;
  table.label_is_number = schema->label_is_number;
  if (schema->label) table.label_name = schema->names[*schema->label];
  table.sparse = schema->sparse();
  table.numeric = schema->numeric;
  if (table.sparse && schema->categorical == Categorical::hash) table.hashed = std::uint64_t{1} << schema->hash_bits;
  for (std::size_t i = 0; i < schema->kinds.size(); ++i)
    if (schema->kinds[i] == ColumnKind::number) table.feature_names.push_back(schema->names[i]);
  table.text_columns = schema->names;
  table.kinds = schema->kinds;
  table.has_header = schema->has_header;
  table.path = request.path;
  return plan;
}

TextPlan libsvm_plan(const TableRequest& request) {
  LibsvmSchema schema;
  schema.on_error = request.data->on_error;
  // `either`: text of labels are numbers by the format, and the table makes them targets if they are no integers.
  schema.label_is_number = request.labels == Labels::ignored || request.label == LabelKind::number ||
                           (request.like != nullptr && request.like->classes.empty());
  if (request.like != nullptr) schema.max_id = static_cast<std::uint32_t>(request.like->columns);
  TextPlan plan;
  plan.parsers = [schema] { return libsvm_parser(schema); };
  plan.table.label_is_number = schema.label_is_number;
  plan.table.label_name = "label";
  plan.table.sparse = true;
  plan.table.open_ended = true;
  plan.table.path = request.path;
  return plan;
}

Result<TextPlan> plan_text(const TableRequest& request, LineChunks& chunks) {
  TextPlan plan;
  if (request.data->format == DataFormat::libsvm) {
    plan = libsvm_plan(request);
  } else {
    TextChunk sample;
    const Result<bool> got = chunks.next(sample);
    if (!got) return fail(at_line(request.path, 1, got.error()));
    if (!*got) return fail(ErrorCode::invalid_argument, fmt::format("{}: is empty", request.path));
    auto schema =
        survey_delimited(request.path, sample.text(), *request.data, request.label, request.like, request.labels);
    if (!schema) return fail(std::move(schema).error());
    plan = delimited_plan(request, std::make_shared<const DelimitedSchema>(*std::move(schema)));
    chunks.put_back(std::move(sample));
  }
  plan.table.label = request.label;
  plan.table.like = request.like;
  return plan;
}

Result<Table> convert_text(const TableRequest& request, TableWriter writer, const Progress& progress) {
  KRIGE_TRY(ByteSource source, ByteSource::open(request.path));
  const std::size_t threads = threads_for(source);
  LineChunks chunks(std::move(source));
  KRIGE_TRY(TextPlan plan, plan_text(request, chunks));
  TableBuilder builder(std::move(plan.table), std::move(writer));
  const Status added = Pipeline(chunks, plan.header_lines, plan.parsers, builder).run(threads, progress);
  if (!added) return fail(at_line(request.path, builder.lines() + 1, added.error()));
  KRIGE_TRY(const std::string content, chunks.source().content_hash());
  return builder.finish(content, progress);
}

}  // namespace

Result<std::vector<std::string>> source_files(const TableRequest& request) {
  std::vector<std::string> files{request.path};
  if (request.data->format != DataFormat::idx) return files;
  const auto* given = std::get_if<std::string>(&request.data->label);
  const bool named = given != nullptr && !given->empty() && request.path == request.data->path;
  if (named) {
    files.push_back(*given);
  } else {
    KRIGE_TRY(files.emplace_back(), find_idx_labels(request.path));
  }
  return files;
}

Result<Table> convert(const TableRequest& request, TableWriter writer, const Progress& progress) {
  if (request.data->format != DataFormat::idx) return convert_text(request, std::move(writer), progress);
  if (request.labels == Labels::ignored)
    return convert_idx(request.path, std::nullopt, request.label, request.like, std::move(writer), progress);
  KRIGE_TRY(const std::vector<std::string> files, source_files(request));
  return convert_idx(files[0], files[1], request.label, request.like, std::move(writer), progress);
}

}  // namespace krige::trainer
