#include "tuner/storage/optuna_file.h"

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tuner/storage/sql_query.h"
#include "tuner/storage/sqlite_dialect.h"

namespace krige::tuner {
namespace {

using Id = std::int64_t;

constexpr int kSchema = 12;
constexpr const char* kAlembic = "v3.0.0.d";
constexpr const char* kLibrary = "3.1.0";

// As Optuna's SQLAlchemy makes them.
constexpr const char* kTables[] = {
    "CREATE TABLE studies (study_id INTEGER NOT NULL, study_name VARCHAR(512) NOT NULL, PRIMARY KEY (study_id))",
    "CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name)",
    "CREATE TABLE version_info (version_info_id INTEGER NOT NULL, schema_version INTEGER, library_version "
    "VARCHAR(256), "
    "PRIMARY KEY (version_info_id), CHECK (version_info_id=1))",
    "CREATE TABLE study_directions (study_direction_id INTEGER NOT NULL, direction VARCHAR(8) NOT NULL, study_id "
    "INTEGER "
    "NOT NULL, objective INTEGER NOT NULL, PRIMARY KEY (study_direction_id), UNIQUE (study_id, objective), FOREIGN "
    "KEY(study_id) REFERENCES studies (study_id))",
    "CREATE TABLE study_user_attributes (study_user_attribute_id INTEGER NOT NULL, study_id INTEGER, \"key\" "
    "VARCHAR(512), value_json TEXT, PRIMARY KEY (study_user_attribute_id), UNIQUE (study_id, \"key\"), FOREIGN "
    "KEY(study_id) REFERENCES studies (study_id))",
    "CREATE TABLE study_system_attributes (study_system_attribute_id INTEGER NOT NULL, study_id INTEGER, \"key\" "
    "VARCHAR(512), value_json TEXT, PRIMARY KEY (study_system_attribute_id), UNIQUE (study_id, \"key\"), FOREIGN "
    "KEY(study_id) REFERENCES studies (study_id))",
    "CREATE TABLE trials (trial_id INTEGER NOT NULL, number INTEGER, study_id INTEGER, state VARCHAR(8) NOT NULL, "
    "datetime_start DATETIME, datetime_complete DATETIME, PRIMARY KEY (trial_id), FOREIGN KEY(study_id) REFERENCES "
    "studies (study_id))",
    "CREATE TABLE trial_user_attributes (trial_user_attribute_id INTEGER NOT NULL, trial_id INTEGER, \"key\" "
    "VARCHAR(512), value_json TEXT, PRIMARY KEY (trial_user_attribute_id), UNIQUE (trial_id, \"key\"), FOREIGN "
    "KEY(trial_id) REFERENCES trials (trial_id))",
    "CREATE TABLE trial_system_attributes (trial_system_attribute_id INTEGER NOT NULL, trial_id INTEGER, \"key\" "
    "VARCHAR(512), value_json TEXT, PRIMARY KEY (trial_system_attribute_id), UNIQUE (trial_id, \"key\"), FOREIGN "
    "KEY(trial_id) REFERENCES trials (trial_id))",
    "CREATE TABLE trial_params (param_id INTEGER NOT NULL, trial_id INTEGER, param_name VARCHAR(512), param_value "
    "FLOAT, "
    "distribution_json TEXT, PRIMARY KEY (param_id), UNIQUE (trial_id, param_name), FOREIGN KEY(trial_id) REFERENCES "
    "trials (trial_id))",
    "CREATE TABLE trial_values (trial_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, objective INTEGER NOT "
    "NULL, "
    "value FLOAT, value_type VARCHAR(7) NOT NULL, PRIMARY KEY (trial_value_id), UNIQUE (trial_id, objective), FOREIGN "
    "KEY(trial_id) REFERENCES trials (trial_id))",
    "CREATE TABLE trial_intermediate_values (trial_intermediate_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, "
    "step INTEGER NOT NULL, intermediate_value FLOAT, intermediate_value_type VARCHAR(7) NOT NULL, PRIMARY KEY "
    "(trial_intermediate_value_id), UNIQUE (trial_id, step), FOREIGN KEY(trial_id) REFERENCES trials (trial_id))",
    "CREATE TABLE trial_heartbeats (trial_heartbeat_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, heartbeat DATETIME "
    "NOT NULL, PRIMARY KEY (trial_heartbeat_id), UNIQUE (trial_id), FOREIGN KEY(trial_id) REFERENCES trials "
    "(trial_id))",
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY "
    "(version_num))"};

template <typename T>
T ask(soci::session& session, const std::string& query) {
  T answer{};
  session << query, soci::into(answer);
  return answer;
}

Status open(soci::session& session, const std::string& path) {
  if (path.empty() || path.find('"') != std::string::npos)
    return fail(ErrorCode::invalid_argument, fmt::format("the path is empty or holds a quotation mark: {}", path));
  session.open(soci::sqlite3, fmt::format("dbname=\"{}\"", path));
  session << "PRAGMA busy_timeout = 5000";
  return {};
}

// Runs `use` on the file; what SQLite throws becomes an error.
template <typename Use>
auto with_file(const std::string& path, Use use) -> decltype(use(std::declval<soci::session&>())) {
  try {
    soci::session session;
    KRIGE_CHECK(open(session, path));
    return use(session);
  } catch (const std::exception& e) {
    return fail(explain_sqlite(e, path));
  }
}

Status check_schema(soci::session& session, const std::string& path) {
  if (ask<int>(session, "SELECT count(*) FROM sqlite_master WHERE name = 'version_info'") == 0)
    return fail(ErrorCode::unsupported, fmt::format("{} is no store of Optuna's", path));
  const int schema = ask<int>(session, "SELECT schema_version FROM version_info");
  if (schema == kSchema) return {};
  return fail(ErrorCode::unsupported,
              fmt::format("{} has version {} of Optuna's schema, read is {} (Optuna 3); optuna storage upgrade brings "
                          "older ones up to date",
                          path, schema, kSchema));
}

// A parameter as a study file has it; nullopt: none of the kinds that are known.
std::optional<OrderedJson> to_parameter(const std::string& distribution) {
  const Result<OrderedJson> json = parse_json(distribution);
  if (!json || !json->is_object() || !json->contains("attributes")) return std::nullopt;
  const std::string kind = json->value("name", "");
  const OrderedJson& attributes = (*json)["attributes"];
  if (kind == "CategoricalDistribution") {
    if (!attributes.contains("choices")) return std::nullopt;
    OrderedJson values = OrderedJson::array();
    for (const OrderedJson& choice : attributes["choices"])
      values.push_back(choice.is_primitive() && !choice.is_null() ? choice : OrderedJson(choice.dump()));
    return OrderedJson{{"type", "categorical"}, {"values", std::move(values)}};
  }
  if (kind != "FloatDistribution" && kind != "IntDistribution") return std::nullopt;
  const bool whole = kind == "IntDistribution";
  OrderedJson parameter{{"type", whole ? "int" : "float"}, {"min", attributes["low"]}, {"max", attributes["high"]}};
  if (attributes["low"] == attributes["high"]) return OrderedJson{{"type", "fixed"}, {"value", attributes["low"]}};
  if (attributes.value("log", false)) parameter["scale"] = "log";
  const OrderedJson step = attributes.value("step", OrderedJson());
  if (step.is_number() && !attributes.value("log", false) && !(whole && step == 1)) parameter["step"] = step;
  return parameter;
}

OrderedJson external_value(const OrderedJson& parameter, double internal) {
  const std::string type = parameter.value("type", "");
  if (type == "categorical") {
    const auto index = static_cast<std::size_t>(std::max(internal, 0.0));
    return index < parameter["values"].size() ? parameter["values"][index] : OrderedJson();
  }
  if (type == "fixed") return parameter["value"];
  if (type == "int") return static_cast<std::int64_t>(std::llround(internal));
  return internal;
}

struct Reader {
  struct Value {
    std::string distribution;
    double internal;
  };
  struct Row {
    Id id;
    std::string state;
    std::map<std::string, Value> params{};
    std::map<Id, std::optional<double>> values{};  // by objective; nullopt: not finite
  };

  soci::session& session;
  const std::string& path;
  std::vector<std::string>& notes;

  Result<Id> find(const std::string& name) {
    std::vector<std::pair<Id, std::string>> all;
    SqlQuery<std::tuple<Id, std::string>()> query(session,
                                                  "SELECT study_id, study_name FROM studies ORDER BY study_id");
    query.each([&](Id id, const std::string& held) {
      if (name.empty() || held == name) all.emplace_back(id, held);
    });
    if (all.empty())
      return fail(ErrorCode::not_found, fmt::format("{} has no study{}{}", path, name.empty() ? "" : " ", name));
    if (all.size() == 1) return all.front().first;
    std::string names;
    for (const auto& [id, held] : all) names += (names.empty() ? "" : ", ") + held;
    return fail(ErrorCode::conflict, fmt::format("{} has several studies: name one of {}", path, names));
  }

  std::vector<Row> rows(Id study) {
    std::vector<Row> all;
    std::map<Id, std::size_t> places;
    SqlQuery<std::tuple<Id, std::string>(Id)> trials(
        session, "SELECT trial_id, state FROM trials WHERE study_id = :study ORDER BY number");
    trials.each(
        [&](Id id, const std::string& state) {
          places[id] = all.size();
          all.push_back({id, state});
        },
        study);
    SqlQuery<std::tuple<Id, std::string, double, std::string>(Id)> params(
        session,
        "SELECT p.trial_id, p.param_name, p.param_value, p.distribution_json FROM trial_params p JOIN trials t ON "
        "t.trial_id = p.trial_id WHERE t.study_id = :study");
    params.each(
        [&](Id id, const std::string& name, double value, const std::string& distribution) {
          all[places.at(id)].params[name] = {distribution, value};
        },
        study);
    SqlQuery<std::tuple<Id, Id, double, std::string>(Id)> values(
        session,
        "SELECT v.trial_id, v.objective, v.value, v.value_type FROM trial_values v JOIN trials t ON t.trial_id = "
        "v.trial_id WHERE t.study_id = :study");
    values.each(
        [&](Id id, Id objective, double value, const std::string& type) {
          all[places.at(id)].values[objective] = type == "FINITE" ? std::optional(value) : std::nullopt;
        },
        study);
    return all;
  }

  // By name: those that every COMPLETE trial has in the same range.
  std::map<std::string, OrderedJson> parameters(const std::vector<Row>& rows) {
    std::map<std::string, std::string> distributions;
    std::map<std::string, std::size_t> times;
    std::size_t complete = 0;
    for (const Row& row : rows) {
      if (row.state != "COMPLETE") continue;
      ++complete;
      for (const auto& [name, value] : row.params)
        if (distributions.emplace(name, value.distribution).first->second == value.distribution) ++times[name];
    }
    std::map<std::string, OrderedJson> found;
    for (const auto& [name, distribution] : distributions) {
      const std::optional<OrderedJson> parameter = to_parameter(distribution);
      if (parameter && times[name] == complete)
        found[name] = *parameter;
      else
        notes.push_back(
            fmt::format("parameter {} is left out: it is not in every trial in the same range; python3 -m "
                        "krige.optuna_store from finds out on what it hangs",
                        name));
    }
    return found;
  }

  Result<OrderedJson> read(const std::string& wanted) {
    KRIGE_CHECK(check_schema(session, path));
    KRIGE_TRY(const Id study, find(wanted));
    SqlQuery<std::tuple<std::string>(Id)> named(session, "SELECT study_name FROM studies WHERE study_id = :study");
    OrderedJson spec{{"name", std::get<0>(*named.row(study))}};
    OrderedJson goals = OrderedJson::array();
    SqlQuery<std::tuple<std::string>(Id)> directions(
        session, "SELECT direction FROM study_directions WHERE study_id = :study ORDER BY objective");
    directions.each(
        [&](const std::string& direction) {
          goals.push_back({{"name", fmt::format("value_{}", goals.size())},
                           {"goal", direction == "MAXIMIZE" ? "maximize" : "minimize"}});
        },
        study);
    if (goals.size() == 1)
      spec["metric"] = {{"name", "value"}, {"goal", goals[0]["goal"]}};
    else
      spec["objectives"] = goals;
    const std::vector<Row> all = rows(study);
    const std::map<std::string, OrderedJson> parameters = this->parameters(all);
    spec["parameters"] = OrderedJson(parameters);
    OrderedJson trials = OrderedJson::array();
    std::size_t left_out = 0;
    for (const Row& row : all) {
      const OrderedJson trial = to_trial(row, parameters, goals);
      if (trial.is_null())
        ++left_out;
      else
        trials.push_back(trial);
    }
    for (std::size_t i = 0; i < trials.size(); ++i) trials[i]["id"] = i + 1;
    if (left_out > 0)
      notes.push_back(fmt::format("{} trials are left out that have not ended or lack a parameter", left_out));
    return OrderedJson{{"study", {{"spec", std::move(spec)}}}, {"trials", std::move(trials)}};
  }

  static OrderedJson to_trial(const Row& row, const std::map<std::string, OrderedJson>& parameters,
                              const OrderedJson& goals) {
    static const std::map<std::string, std::string, std::less<>> states{
        {"COMPLETE", "COMPLETED"}, {"PRUNED", "PRUNED"}, {"FAIL", "FAILED"}};
    const auto state = states.find(row.state);
    if (state == states.end()) return {};
    OrderedJson params = OrderedJson::object();
    for (const auto& [name, parameter] : parameters) {
      const auto held = row.params.find(name);
      if (held == row.params.end() || to_parameter(held->second.distribution) != parameter) return {};
      params[name] = external_value(parameter, held->second.internal);
    }
    OrderedJson trial{
        {"id", 0}, {"state", state->second}, {"reason", ""}, {"params", std::move(params)}, {"value", nullptr}};
    if (row.state == "FAIL") {
      trial["reason"] = "failed in Optuna";
      return trial;
    }
    const bool finite = row.values.size() == goals.size() &&
                        std::ranges::all_of(row.values, [](const auto& value) { return value.second.has_value(); });
    if (!finite) {
      trial["state"] = row.state == "COMPLETE" ? "INFEASIBLE" : "CANCELLED";
    } else if (goals.size() == 1) {
      trial["value"] = *row.values.at(0);
    } else {
      for (const auto& [objective, value] : row.values)
        trial["values"][goals[static_cast<std::size_t>(objective)]["name"].get<std::string>()] = *value;
    }
    return trial;
  }
};

// 2026-01-31T12:00:00.000Z as Optuna has it: local time without a zone. nullopt for null.
std::optional<std::string> local_time(const OrderedJson& rfc3339) {
  if (!rfc3339.is_string()) return std::nullopt;
  const std::string text = rfc3339.get<std::string>();
  std::tm utc{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest == nullptr) return std::nullopt;
  const std::time_t seconds = ::timegm(&utc);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::string fraction(rest);
  if (fraction.ends_with('Z')) fraction.pop_back();
  if (fraction.empty()) fraction.push_back('.');
  fraction.resize(7, '0');
  char shown[32];
  const std::size_t size = std::strftime(shown, sizeof shown, "%Y-%m-%d %H:%M:%S", &local);
  return std::string(shown, size) + fraction;
}

struct Writer {
  soci::session& session;

  void make_tables() {
    for (const char* table : kTables) session << table;
    SqlQuery<std::tuple<>(Id, std::string)>(session, "INSERT INTO version_info VALUES (1, :schema, :library)")
        .run(kSchema, kLibrary);
    SqlQuery<std::tuple<>(std::string)>(session, "INSERT INTO alembic_version VALUES (:version)").run(kAlembic);
  }

  Id last_id() { return ask<long long>(session, "SELECT last_insert_rowid()"); }

  Status write(const std::string& path, const std::string& name, const OrderedJson& document) {
    const OrderedJson& spec = document.at("study").at("spec");
    SqlQuery<std::tuple<Id>(std::string)> taken(session, "SELECT study_id FROM studies WHERE study_name = :name");
    if (taken.row(name))
      return fail(ErrorCode::already_exists, fmt::format("{} has a study called {} already", path, name));
    SqlQuery<std::tuple<>(std::string)>(session, "INSERT INTO studies (study_name) VALUES (:name)").run(name);
    const Id study = last_id();
    const OrderedJson goals =
        spec.contains("objectives") ? spec["objectives"] : OrderedJson::array({spec.at("metric")});
    SqlQuery<std::tuple<>(std::string, Id, Id)> direction(
        session,
        "INSERT INTO study_directions (direction, study_id, objective) VALUES (:direction, :study, :objective)");
    for (std::size_t i = 0; i < goals.size(); ++i)
      direction.run(goals[i].value("goal", "minimize") == "maximize" ? "MAXIMIZE" : "MINIMIZE", study,
                    static_cast<Id>(i));
    const std::map<std::string, OrderedJson> distributions = this->distributions(spec, document.at("trials"));
    Id number = 0;
    for (const OrderedJson& trial : document.at("trials"))
      if (is_ended(trial)) write_trial(trial, study, number++, goals, spec, distributions);
    return {};
  }

  static bool is_ended(const OrderedJson& trial) {
    const std::string state = trial.value("state", "");
    return state == "COMPLETED" || state == "PRUNED" || state == "FAILED" || state == "INFEASIBLE" ||
           state == "CANCELLED";
  }

  static std::map<std::string, OrderedJson> distributions(const OrderedJson& spec, const OrderedJson& trials) {
    std::map<std::string, OrderedJson> all;
    for (const auto& [name, parameter] : spec.at("parameters").items())
      all[name] = distribution(name, parameter, trials);
    return all;
  }

  static OrderedJson distribution(const std::string& name, const OrderedJson& parameter, const OrderedJson& trials) {
    const std::string type = parameter.value("type", "");
    const bool log = parameter.value("scale", "") == "log";
    if (type == "int")
      return {{"name", "IntDistribution"},
              {"attributes",
               {{"log", log},
                {"step", log ? OrderedJson(1) : parameter.value("step", OrderedJson(1))},
                {"low", parameter.at("min")},
                {"high", parameter.at("max")}}}};
    if (type != "float")
      return {{"name", "CategoricalDistribution"},
              {"attributes",
               {{"choices", type == "fixed" ? OrderedJson::array({parameter.at("value")}) : parameter.at("values")}}}};
    double low = parameter.value("min", 0.0), high = parameter.value("max", 1.0);
    if (parameter.value("scale", "") == "normal") {  // without bounds: those of the trials
      low = high = parameter.value("mu", 0.0);
      for (const OrderedJson& trial : trials) {
        const double value = trial.at("params").value(name, low);
        low = std::min(low, value);
        high = std::max(high, value);
      }
      return {{"name", "FloatDistribution"},
              {"attributes", {{"step", nullptr}, {"low", low}, {"high", high}, {"log", false}}}};
    }
    return {{"name", "FloatDistribution"},
            {"attributes",
             {{"step", log ? OrderedJson() : parameter.value("step", OrderedJson())},
              {"low", low},
              {"high", high},
              {"log", log}}}};
  }

  static double internal_value(const OrderedJson& distribution, const OrderedJson& value) {
    if (distribution.at("name") != "CategoricalDistribution") return value.get<double>();
    const OrderedJson& choices = distribution.at("attributes").at("choices");
    return static_cast<double>(std::ranges::find(choices, value) - choices.begin());
  }

  void write_trial(const OrderedJson& trial, Id study, Id number, const OrderedJson& goals, const OrderedJson& spec,
                   const std::map<std::string, OrderedJson>& distributions) {
    const std::string state = trial.value("state", "");
    const std::string theirs = state == "COMPLETED" ? "COMPLETE" : state == "PRUNED" ? "PRUNED" : "FAIL";
    SqlQuery<std::tuple<>(Id, Id, std::string, std::optional<std::string>, std::optional<std::string>)>(
        session,
        "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete) VALUES (:number, :study, "
        ":state, "
        ":started, :ended)")
        .run(number, study, theirs, local_time(trial.value("created_at", OrderedJson())),
             local_time(trial.value("ended_at", OrderedJson())));
    const Id id = last_id();
    SqlQuery<std::tuple<>(Id, std::string, double, std::string)> param(
        session,
        "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (:trial, :name, "
        ":value, "
        ":distribution)");
    for (const auto& [name, value] : trial.at("params").items())
      param.run(id, name, internal_value(distributions.at(name), value), dump(distributions.at(name)));
    SqlQuery<std::tuple<>(Id, Id, double)> measured(session,
                                                    "INSERT INTO trial_values (trial_id, objective, value, value_type) "
                                                    "VALUES (:trial, :objective, :value, 'FINITE')");
    if (theirs != "FAIL" && trial.value("value", OrderedJson()).is_number())
      measured.run(id, 0, trial.at("value").get<double>());
    for (std::size_t i = 0; theirs != "FAIL" && trial.contains("values") && i < goals.size(); ++i)
      measured.run(id, static_cast<Id>(i), trial["values"].at(goals[i].value("name", "")).get<double>());
    attribute("trial_user_attributes", id, "krige:id", trial.at("id"));
    if (const std::string reason = trial.value("reason", ""); !reason.empty() || state == "INFEASIBLE")
      attribute("trial_user_attributes", id, "krige:reason", reason.empty() ? state : reason);
    if (trial.contains("constraints"))
      attribute("trial_system_attributes", id, "constraints", violations(spec.at("constraints"), trial["constraints"]));
  }

  // Broken above 0, a number for each bound.
  static OrderedJson violations(const OrderedJson& constraints, const OrderedJson& held) {
    OrderedJson all = OrderedJson::array();
    for (const OrderedJson& constraint : constraints) {
      const double value = held.at(constraint.value("name", "")).at("value").get<double>();
      if (constraint.contains("min")) all.push_back(constraint["min"].get<double>() - value);
      if (constraint.contains("max")) all.push_back(value - constraint["max"].get<double>());
    }
    return all;
  }

  void attribute(const char* table, Id trial, const std::string& key, const OrderedJson& value) {
    SqlQuery<std::tuple<>(Id, std::string, std::string)>(
        session, fmt::format("INSERT INTO {} (trial_id, \"key\", value_json) VALUES (:trial, :name, :value)", table))
        .run(trial, key, dump(value));
  }
};

}  // namespace

bool is_sqlite_file(const std::string& path) {
  constexpr std::string_view kHead = "SQLite format 3";
  std::ifstream file(path, std::ios::binary);
  std::string head(kHead.size(), '\0');
  return file.read(head.data(), static_cast<std::streamsize>(head.size())) && head == kHead;
}

Result<OrderedJson> read_optuna_study(const std::string& path, const std::string& name,
                                      std::vector<std::string>& notes) {
  if (!is_sqlite_file(path)) return fail(ErrorCode::unsupported, fmt::format("{} is no store of Optuna's", path));
  return with_file(path, [&](soci::session& session) { return Reader{session, path, notes}.read(name); });
}

Status write_optuna_study(const std::string& path, const std::string& name, const OrderedJson& document) {
  std::error_code error;
  const bool is_new = !std::filesystem::exists(path, error);
  return with_file(path, [&](soci::session& session) -> Status {
    soci::transaction transaction(session);
    Writer writer{session};
    if (is_new)
      writer.make_tables();
    else
      KRIGE_CHECK(check_schema(session, path));
    KRIGE_CHECK(writer.write(path, name, document));
    transaction.commit();
    return {};
  });
}

}  // namespace krige::tuner
