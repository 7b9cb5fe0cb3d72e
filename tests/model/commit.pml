/* The commit protocol of sessions: two keys, two transactions that write both and have different primaries, one crash of a
 * committer, a recoverer (or two), a network that delivers prewrites and commits late and again. Registers are atomic. What is a rule
 * here is a command of replication/row_commands.h or an answer of replication/row_recovery.h. Run it: scripts/model.
 *
 * Variants, by macro: PARALLEL. Rules left out, which must be noticed: NO_FENCE, NO_OUTCOME, NO_TS, ABORT_STAGED,
 * FENCE_OVER_INTENT, EARLY, NO_RECOVERER.
 */

#define NONE 0
#define ABORTED 1
#define COMMITTED 2

#define MINE(t) ((t) + 1)       /* in intent[] */
#define AT(k, t) (2 * (k) + (t)) /* the primary of transaction t is key t */

byte intent[2];     /* 0: none */
byte version[2];    /* how often the key was committed */
byte outcome[4];    /* AT: at the primary the truth, elsewhere a fence */
byte seen[4];       /* AT: the version that t has read */
bool done[4];       /* AT: t has committed on k */
bool sent[2];       /* prewrites are on their way */
bool deciding[2];   /* so is the commit, or the promote */
bool answered[2];   /* the caller of t was told that it has committed */
bool refused[2];    /* ... that it has not */
bool known_back[2]; /* a roll back is on its way */
bool over[2];       /* the committer has ended */
bool silent;        /* the network has nothing more to bring */
byte crashes = 1;
hidden byte ignored;

inline check(who) {
  if
  :: done[AT(0, who)] || done[AT(1, who)] || answered[who] || outcome[AT(who, who)] == COMMITTED ->
     assert(outcome[AT(who, who)] != ABORTED);
     assert(!refused[who]);
     assert(done[AT(0, who)] || intent[0] == MINE(who));
     assert(done[AT(1, who)] || intent[1] == MINE(who))
  :: else
  fi
}

inline check_all() { check(0); check(1) }

inline write_down(place, by) {
  assert(version[place] == seen[AT(place, by)]); /* no update is lost */
  assert(!done[AT(place, by)]);
  version[place]++;
  done[AT(place, by)] = true;
  intent[place] = 0
}

inline prewrite(key, txn, result) {
  atomic {
    if
#ifndef NO_OUTCOME
    :: outcome[AT(key, txn)] != NONE -> result = false
    :: outcome[AT(key, txn)] == NONE && intent[key] == MINE(txn) -> result = true
    :: outcome[AT(key, txn)] == NONE && intent[key] != MINE(txn) ->
#else
    :: intent[key] == MINE(txn) -> result = true
    :: intent[key] != MINE(txn) ->
#endif
       if
#ifdef NO_TS
       :: intent[key] == 0 && !done[AT(key, txn)] -> intent[key] = MINE(txn); seen[AT(key, txn)] = 0; result = true
       :: else -> result = false
#else
       :: intent[key] == 0 && version[key] == seen[AT(key, txn)] -> intent[key] = MINE(txn); result = true
       :: else -> result = false
#endif
       fi
    fi;
    check_all()
  }
}

/* RowCommit; with PARALLEL, RowPromote. */
inline commit(txn, result) {
  atomic {
    if
    :: intent[txn] == MINE(txn) -> write_down(txn, txn); outcome[AT(txn, txn)] = COMMITTED; result = true
    :: else -> result = (outcome[AT(txn, txn)] == COMMITTED)
    fi;
    check_all()
  }
}

/* RowAbort `always`. */
inline abort(txn, fenced, result) {
  atomic {
    if
    :: outcome[AT(txn, txn)] == COMMITTED -> result = false
    :: outcome[AT(txn, txn)] == ABORTED -> result = true
    :: outcome[AT(txn, txn)] == NONE ->
       if
#if defined(PARALLEL) && !defined(ABORT_STAGED)
       :: intent[txn] == MINE(txn) && !fenced -> result = false
       :: intent[txn] != MINE(txn) || fenced ->
#else
       :: true ->
#endif
          if
          :: intent[txn] == MINE(txn) -> intent[txn] = 0
          :: else
          fi;
          outcome[AT(txn, txn)] = ABORTED;
          result = true
       fi
    fi;
    check_all()
  }
}

/* RowAbort `absent`. */
inline fence(key, txn, result) {
  atomic {
    if
#ifdef FENCE_OVER_INTENT
    :: intent[key] == MINE(txn) -> intent[key] = 0; outcome[AT(key, txn)] = ABORTED; result = true
#else
    :: intent[key] == MINE(txn) -> result = false
#endif
    :: intent[key] != MINE(txn) && done[AT(key, txn)] -> result = false
    :: intent[key] != MINE(txn) && !done[AT(key, txn)] -> outcome[AT(key, txn)] = ABORTED; result = true
    fi;
    check_all()
  }
}

inline resolve(key, txn, forward) {
  atomic {
    if
    :: intent[key] == MINE(txn) && key != txn ->
       if
       :: forward -> write_down(key, txn)
       :: else -> intent[key] = 0
       fi
    :: else
    fi;
    check_all()
  }
}

/* What the process itself remembers of an answer is gone with it: with a crash, what it has sent still arrives. */
proctype committer(byte t) {
  bool first, second, ok;
  seen[AT(0, t)] = version[0];
  atomic { seen[AT(1, t)] = version[1]; sent[t] = true }
  if
  :: prewrite(t, t, first)
#ifdef EARLY
     ; atomic { answered[t] = first; check_all() }
#endif
     ; prewrite(1 - t, t, second)
  :: prewrite(1 - t, t, second); prewrite(t, t, first)
  :: atomic { crashes > 0 -> crashes--; goto end }
  fi;
  if
  :: atomic { crashes > 0 -> crashes--; goto end }
  :: first && second ->
#ifdef PARALLEL
     atomic { answered[t] = true; check_all() };
#endif
     deciding[t] = true;
     if
     :: atomic { crashes > 0 -> crashes--; goto end }
     :: commit(t, ok)
     fi;
     if
     :: ok ->
        atomic { answered[t] = true; check_all() };
        if
        :: atomic { crashes > 0 -> crashes--; goto end }
        :: resolve(1 - t, t, true)
        fi
     :: else -> atomic { refused[t] = true; check_all() }
     fi
  :: !(first && second) ->
     abort(t, false, ok);
     if
     :: ok -> atomic { refused[t] = true; known_back[t] = true; check_all() }; resolve(1 - t, t, false)
     :: else /* staged: left to the recoverers */
     fi
  fi;
end:
  over[t] = true
}

/* Everything that was sent, once more or for the first time, at any moment. */
proctype network() {
  do
  :: atomic { sent[0] -> prewrite(0, 0, ignored) }
  :: atomic { sent[0] -> prewrite(1, 0, ignored) }
  :: atomic { sent[1] -> prewrite(0, 1, ignored) }
  :: atomic { sent[1] -> prewrite(1, 1, ignored) }
  :: atomic { deciding[0] -> commit(0, ignored) }
  :: atomic { deciding[1] -> commit(1, ignored) }
  :: atomic { known_back[0] -> resolve(1, 0, false) }
  :: atomic { known_back[1] -> resolve(0, 1, false) }
  :: atomic { over[0] && over[1] -> silent = true; break }
  od
}

/* Meets an intent at k and gets it out of the way; older than both, so it waits for nobody. */
proctype recoverer() {
  byte k, t;
  bool ok;
again:
  if
  :: atomic { intent[0] != 0 -> k = 0; t = intent[0] - 1 }
  :: atomic { intent[1] != 0 -> k = 1; t = intent[1] - 1 }
  :: atomic { silent && intent[0] == 0 && intent[1] == 0 -> goto end }
  fi;
ask:
  if
  :: atomic { outcome[AT(t, t)] == COMMITTED -> ok = true }
  :: atomic { outcome[AT(t, t)] == ABORTED -> ok = false }
#ifdef NO_FENCE
  :: atomic { outcome[AT(t, t)] == NONE && intent[t] != MINE(t) -> ok = false }
#else
  :: atomic { outcome[AT(t, t)] == NONE && intent[t] != MINE(t) -> skip };
     abort(t, false, ok);
     goto ask
#endif
  :: atomic { outcome[AT(t, t)] == NONE && intent[t] == MINE(t) -> skip };
#ifdef PARALLEL
     if
     :: atomic { intent[1 - t] == MINE(t) || done[AT(1 - t, t)] -> skip };
        commit(t, ok)
     :: atomic { intent[1 - t] != MINE(t) && !done[AT(1 - t, t)] -> skip };
#ifdef ABORT_STAGED
        ok = true;
#else
        fence(1 - t, t, ok);
#endif
        if
        :: ok -> abort(t, true, ok)
        :: else
        fi
     fi;
#else
     abort(t, false, ok);
#endif
     goto ask
  fi;
  atomic {
    if
    :: !ok -> known_back[t] = true
    :: else
    fi;
    resolve(k, t, ok);
    k = 0;
    t = 0;
    ok = false;
    goto again
  };
end:
  skip
}

/* Waits until no intent is left: at its end, or the model is stuck. */
proctype keeper() {
  silent && intent[0] == 0 && intent[1] == 0
}

init {
  atomic {
    run committer(0);
    run committer(1);
    run network();
#ifndef NO_RECOVERER
    run recoverer();
#endif
#ifdef TWO_RECOVERERS
    run recoverer();
#endif
    run keeper()
  }
}

/* When the committers have ended, and the network has nothing left to bring, recoverers leave no intent behind. */
#ifdef NEVER_STUCK
ltl never_stuck { <> (silent && intent[0] == 0 && intent[1] == 0) || []<> !silent }
#endif
