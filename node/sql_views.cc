#include "node/sql_views.h"

#include "node/catalog_store.h"
#include "node/table_access.h"
#include "relational/key_codec.h"
#include "relational/sql/table_access.h"

namespace latium {

namespace {

// Behind what catalog_key() gives no name to.
constexpr std::string_view kViewPrefix = "view/";

Bytes view_key(std::string_view name) {
  return Bytes(kViewPrefix) + fold_nocase(name);
}

// The name as it was given, a NUL, the text.
std::pair<std::string, std::string> parse(const Bytes& stored) {
  const std::size_t at = stored.find('\0');
  if (at == Bytes::npos) return {stored, std::string()};
  return {stored.substr(0, at), stored.substr(at + 1)};
}

}  // namespace

Task<SqlViews> list_views(NodeCore& core, std::shared_ptr<const TenantHandle> tenant, MonotonicTime deadline) {
  LATIUM_CO_TRY(const CatalogPlace place, catalog_place(*tenant));
  RegisterCatalogStore store(core.cluster());
  LATIUM_CO_TRY(const std::vector<Bytes> keys, co_await store.list(place, Bytes(kViewPrefix), deadline));
  SqlViews out;
  for (const Bytes& key : keys) {
    LATIUM_CO_TRY(const CatalogStore::Entry entry, co_await store.read(place, key, deadline));
    if (entry.value) out.push_back(parse(*entry.value));
  }
  co_return out;
}

Task<void> put_view(NodeCore& core, std::shared_ptr<const TenantHandle> tenant, std::string name, std::optional<std::string> sql,
                    MonotonicTime deadline, bool replaces) {
  LATIUM_CO_TRY(const CatalogPlace place, catalog_place(*tenant));
  RegisterCatalogStore store(core.cluster());
  LATIUM_CO_TRY(const CatalogStore::Entry now, co_await store.read(place, view_key(name), deadline));
  if (sql && now.value && !replaces) co_return fail(ErrorCode::already_exists, "view " + name + " already exists");
  if ((!sql || replaces) && !now.value) co_return fail(ErrorCode::not_found, "no such view: " + name);
  std::optional<Bytes> value;
  if (sql) value = name + '\0' + *sql;
  LATIUM_CO_TRY(const bool written, co_await store.cas(place, view_key(name), now.version, std::move(value), deadline));
  if (written) co_return Result<void>();
  co_return fail(ErrorCode::conflict, "view " + name + " was changed at the same time: look again");
}

}  // namespace latium
