// Everything public that needs no third-party header.
#pragma once

#include "latium/bucket.h"
#include "latium/call.h"
#include "latium/database.h"
#include "latium/db_errors.h"
#include "latium/error.h"
#include "latium/lock.h"
#include "latium/node.h"
#include "latium/options.h"
#include "latium/registers.h"
#include "latium/row.h"
#include "latium/session.h"
#include "latium/sql.h"
#include "latium/table.h"
#include "latium/value.h"
