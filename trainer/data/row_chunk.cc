#include "trainer/data/row_chunk.h"

#include <cstring>

namespace krige::trainer {

std::string category_key(std::uint32_t column, std::string_view text) {
  std::string key(sizeof column, '\0');
  std::memcpy(key.data(), &column, sizeof column);
  return key.append(text);
}

std::uint32_t column_of(std::string_view category_key) {
  std::uint32_t column = 0;
  std::memcpy(&column, category_key.data(), sizeof column);
  return column;
}

std::string_view text_of(std::string_view category_key) { return category_key.substr(sizeof(std::uint32_t)); }

}  // namespace krige::trainer
