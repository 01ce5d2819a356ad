"""A circuit's memory in Redis, one script per decision, by the server's clock: the same for all processes."""

import random
from datetime import UTC, datetime
from typing import Any

import orjson

from deliveryapp.circuit.terms import SLOTS, Decision, Rules, State, Status, Totals
from deliveryapp.redis import hasty_client, key

JITTER = 0.2  # of a rest, so that circuits that opened together are not tried together

# KEYS: the circuit. ARGV[1]: the longest wait there can be; more was left by a clock that has been set back.
RECALL = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = redis.call('GET', KEYS[1])
local c = stored and cjson.decode(stored) or {}
local blank = {state = 'closed', trial = '', busy_until_ms = 0, closed_at_ms = 0, changed_at_ms = now_ms,
  window = {}, openings = 0, calls = 0, failures = 0, refused = 0, trials = 0, opened = 0, closed = 0}
for name, value in pairs(blank) do
  if c[name] == nil then c[name] = value end
end
if c.busy_until_ms - now_ms > tonumber(ARGV[1]) then c.busy_until_ms = now_ms end
local was = c.state

local function answer(granted)
  if c.state ~= was then c.changed_at_ms = now_ms end
  redis.call('SET', KEYS[1], cjson.encode(c))
  return {was, c.state, math.max(0, c.busy_until_ms - now_ms), granted}
end
"""

# ARGV[2..]: the token of a trial or '', how long a trial may take.
ADMIT = """
if c.state == 'closed' then return {was, was, 0, 1} end
if ARGV[2] == '' then return {was, was, math.max(0, c.busy_until_ms - now_ms), 0} end
if now_ms < c.busy_until_ms then
  c.refused = c.refused + 1
  return answer(0)
end
c.state, c.trial, c.busy_until_ms, c.trials = 'half_open', ARGV[2], now_ms + ARGV[3], c.trials + 1
return answer(1)
"""

# ARGV[2..]: token, 1 for success, window, slots, fewest calls, share, first rest, longest rest.
RECORD = """
local ok, window_ms, slots = ARGV[3] == '1', tonumber(ARGV[4]), tonumber(ARGV[5])
c.calls = c.calls + 1
if not ok then c.failures = c.failures + 1 end

local function rest()
  local longest_ms = tonumber(ARGV[9])
  if was == 'closed' and now_ms - c.closed_at_ms > longest_ms then c.openings = 0 end
  c.openings, c.opened = c.openings + 1, c.opened + 1
  c.busy_until_ms = now_ms + math.floor(math.min(ARGV[8] * 2 ^ (c.openings - 1), longest_ms))
  c.state, c.trial, c.window = 'open', '', {}
end

if c.state == 'half_open' and c.trial == ARGV[2] then
  if ok then
    c.state, c.trial, c.window, c.busy_until_ms = 'closed', '', {}, 0
    c.closed, c.closed_at_ms = c.closed + 1, now_ms
  else
    rest()
  end
elseif c.state == 'closed' then
  local slot = math.floor(now_ms * slots / window_ms)
  local counts = c.window[tostring(slot)] or {0, 0}
  c.window[tostring(slot)] = {counts[1] + 1, counts[2] + (ok and 0 or 1)}
  local calls, failures = 0, 0
  for name, counted in pairs(c.window) do
    if tonumber(name) <= slot - slots then
      c.window[name] = nil
    else
      calls, failures = calls + counted[1], failures + counted[2]
    end
  end
  if not ok and calls >= tonumber(ARGV[6]) and failures >= ARGV[7] * calls then rest() end
end
return answer(1)
"""

READ = "return {cjson.encode(c), now_ms}"


class SharedMemory:
    """Every call raises RedisError when Redis does not answer quickly."""

    def __init__(self, name: str, rules: Rules) -> None:
        self._key = key(f"circuit:{name}")
        self._rules = rules
        self._admit, self._record, self._read = (
            hasty_client().register_script(RECALL + decide) for decide in (ADMIT, RECORD, READ)
        )

    def admit(self, token: str) -> Decision:
        return _decision(self._call(self._admit, token, _ms(self._rules.trial_s)))

    def record(self, token: str, *, ok: bool) -> Decision:
        rules = self._rules
        first_rest_s = rules.open_s * random.uniform(1 - JITTER, 1 + JITTER)
        return _decision(
            self._call(
                self._record,
                token,
                int(ok),
                _ms(rules.window_s),
                SLOTS,
                rules.min_calls,
                rules.failure_share,
                _ms(first_rest_s),
                _ms(rules.longest_open_s),
            )
        )

    def read(self, name: str) -> Status:
        document, now_ms = self._call(self._read)
        c = orjson.loads(document)
        wait_s = max(0, c["busy_until_ms"] - now_ms) / 1000
        first_slot = now_ms * SLOTS // _ms(self._rules.window_s) - SLOTS + 1
        recent = [counts for slot, counts in c["window"].items() if int(slot) >= first_slot]
        return Status(
            name=name,
            state=seen(State(c["state"]), wait_s),
            retry_after_s=wait_s,
            changed_at=datetime.fromtimestamp(c["changed_at_ms"] / 1000, UTC),
            recent_calls=sum(calls for calls, _ in recent),
            recent_failures=sum(failures for _, failures in recent),
            totals=Totals(**{name: c[name] for name in Totals.__dataclass_fields__}),
            is_shared=True,
        )

    def _call(self, script: Any, *arguments: str | float) -> Any:
        return script(keys=[self._key], args=[_ms(self._rules.longest_wait_s), *arguments])


def seen(state: State, wait_s: float) -> State:
    """An open circuit whose rest is over is half-open, though nobody has tried it yet."""
    return State.HALF_OPEN if state is State.OPEN and not wait_s else state


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))


def _decision(answered: list[Any]) -> Decision:
    was, state, wait_ms, granted = answered
    return Decision(State(was.decode()), State(state.decode()), wait_ms / 1000, bool(granted))
