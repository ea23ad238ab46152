// The dashboard as the build bundled it: every file of it is in the program, and nothing is loaded from elsewhere.
#pragma once

#include <span>
#include <string_view>

namespace krige::web {

struct Asset {
  std::string_view path;          // as it is requested: /index.html, /assets/app-5KQ….js
  std::string_view content_type;  // with its charset, ready for the header
  std::string_view etag;          // quoted, of the content's SHA-256
  std::string_view sha256;        // the same whole, in base64, as a content security policy names what stands in a page
  std::string_view content;
};

// Ascending by path; empty when the program was built without the dashboard (KRIGE_WEB=OFF). Names below /assets/ carry
// a hash of their content, so a browser may keep those for ever; it must ask again for the others. Every other path
// that is no call of the API gets /index.html, since the page routes by paths. The data is static: any thread, any
// time.
[[nodiscard]] std::span<const Asset> assets();

// The asset of exactly this path, or nullptr.
[[nodiscard]] const Asset* find_asset(std::string_view path);

}  // namespace krige::web
