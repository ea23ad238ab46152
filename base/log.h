// Log lines go to one sink. The default writes to standard error; `krige` installs a richer one at its start.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace krige::log {

enum class Level { debug, info, warning, error };
using Sink = std::function<void(Level, std::string_view message)>;

// Called from any thread; the sink must allow that. Set it before other threads start.
void set_sink(Sink sink);
void write(Level level, std::string_view message);

inline void debug(std::string_view message) { write(Level::debug, message); }
inline void info(std::string_view message) { write(Level::info, message); }
inline void warning(std::string_view message) { write(Level::warning, message); }
inline void error(std::string_view message) { write(Level::error, message); }

}  // namespace krige::log
