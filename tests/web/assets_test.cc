#include "web/assets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace krige::web {
namespace {

#ifdef KRIGE_WEB

// The address in `attribute="…"` of the page, empty when there is none.
std::string_view address(std::string_view page, std::string_view tag, std::string_view attribute) {
  const auto at = page.find(std::string("<").append(tag));
  const auto start = page.find(std::string(attribute).append("=\"/"), at);
  if (at == std::string_view::npos || start == std::string_view::npos) return {};
  const auto first = start + attribute.size() + 2;
  return page.substr(first, page.find('"', first) - first);
}

TEST(Assets, ThePageNamesAScriptAndAStyleThatAreEmbedded) {
  const Asset* page = find_asset("/index.html");
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  const Asset* script = find_asset(address(page->content, "script", "src"));
  ASSERT_NE(script, nullptr);
  EXPECT_EQ(script->content_type, "text/javascript; charset=utf-8");
  EXPECT_GT(script->content.size(), 20'000u);
  EXPECT_TRUE(std::ranges::any_of(assets(), [](const Asset& asset) { return asset.content.size() > 100'000; }));
  const Asset* style = find_asset(address(page->content, "link rel=\"stylesheet\"", "href"));
  ASSERT_NE(style, nullptr);
  EXPECT_EQ(style->content_type, "text/css; charset=utf-8");
}

TEST(Assets, BytesBeyondAsciiAndTheEndOfFilesSurvive) {
  const Asset* icon = find_asset("/favicon.svg");
  ASSERT_NE(icon, nullptr);
  EXPECT_TRUE(icon->content.starts_with("<svg "));
  EXPECT_TRUE(icon->content.ends_with("</svg>\n"));
  const auto with_ellipsis = [](const Asset& asset) {
    return asset.content.find("\u2026") != std::string_view::npos ||
           asset.content.find("\\u2026") != std::string_view::npos;
  };
  EXPECT_TRUE(std::ranges::any_of(assets(), with_ellipsis));
}

TEST(Assets, EtagsAreQuotedAndDiffer) {
  std::string_view previous;
  for (const Asset& asset : assets()) {
    EXPECT_EQ(asset.etag.size(), 34u) << asset.path;
    EXPECT_TRUE(asset.etag.starts_with('"') && asset.etag.ends_with('"')) << asset.path;
    EXPECT_NE(asset.etag, previous);
    previous = asset.etag;
  }
}

#else

TEST(Assets, WithoutTheDashboardThereAreNone) { EXPECT_TRUE(assets().empty()); }

#endif

TEST(Assets, AreSortedByPath) { EXPECT_TRUE(std::ranges::is_sorted(assets(), {}, &Asset::path)); }

TEST(Assets, AnUnknownPathIsNone) {
  EXPECT_EQ(find_asset("/nothing"), nullptr);
  EXPECT_EQ(find_asset(""), nullptr);
  EXPECT_EQ(find_asset("/index.html/"), nullptr);
}

}  // namespace
}  // namespace krige::web
