#include "latium/error.h"

namespace latium {

std::string_view to_string(ErrorCode code) {
  switch (code) {
#define LATIUM_ERROR(number, name, exit_status, meaning) \
  case ErrorCode::name:                                  \
    return #name;
#include "latium/error_codes.def"
#undef LATIUM_ERROR
  }
  return "unlisted_error";
}

std::string_view to_string(Certainty certainty) {
  return certainty == Certainty::not_applied ? "not_applied" : "unknown";
}

int exit_status(ErrorCode code) {
  switch (code) {
#define LATIUM_ERROR(number, name, exit_status, meaning) \
  case ErrorCode::name:                                  \
    return exit_status;
#include "latium/error_codes.def"
#undef LATIUM_ERROR
  }
  return 3;
}

}  // namespace latium
