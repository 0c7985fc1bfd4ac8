"""What Redis does in one go: Lua scripts.

A connection that breaks leaves it open whether the server carried out what it was sent. So each
write leaves a mark by which a repeat is known: a call keeps those of its latest writes, an entry in
the list of words holds its own.
"""

from __future__ import annotations

from typing import Final

MARK_CHARS: Final = 16
"""How long the mark of a write is: hexadecimal digits."""

WRITTEN: Final = 1
LATE: Final = -1

# The deadline in the server's own time is why a write that nobody waits for any more changes
# nothing: a server that was stopped and goes on would otherwise carry it out then.
WRITE: Final = """
local call, words, deadlines, ended, notes = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local escalated = KEYS[6]
local uuid, read_marks, mark, body = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local deadline, ended_at, must_by_ms = ARGV[5], ARGV[6], tonumber(ARGV[7])
local call_ms, words_ms, channel = ARGV[8], ARGV[9], ARGV[10]
local escalated_at, kept_since = ARGV[11], ARGV[12]

local marks = redis.call('HGET', call, 'marks') or ''
if marks ~= read_marks then return 0 end
local now = redis.call('TIME')
if now[1] * 1000 + now[2] / 1000 > must_by_ms then return -1 end

redis.call('HSET', call, 'body', body, 'ended', ended_at,
    'marks', mark .. string.sub(marks, 1, 15 * #mark))
redis.call('PEXPIRE', call, call_ms)
if deadline == '' then redis.call('ZREM', deadlines, uuid)
else redis.call('ZADD', deadlines, deadline, uuid) end
if ended_at ~= '' then
    redis.call('ZADD', ended, ended_at, uuid)
    redis.call('PEXPIRE', words, words_ms)
    redis.call('PEXPIRE', notes, words_ms)
end
if escalated_at ~= '' then
    redis.call('ZADD', escalated, escalated_at, uuid)
    redis.call('ZREMRANGEBYSCORE', escalated, '-inf', '(' .. kept_since)
end
redis.call('PUBLISH', channel, uuid)
return 1
"""

DUE: Final = """
local deadlines, prefix, now = KEYS[1], ARGV[1], ARGV[2]
local bodies = {}
for _, uuid in ipairs(redis.call('ZRANGEBYSCORE', deadlines, '-inf', now)) do
    local body = redis.call('HGET', prefix .. uuid, 'body')
    if body then bodies[#bodies + 1] = body
    else redis.call('ZREM', deadlines, uuid) end
end
return bodies
"""

# Calls that are not kept any more leave no gap.
ESCALATED: Final = """
local escalated, prefix, below, limit = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local bodies = {}
while #bodies < limit do
    local found = redis.call('ZREVRANGEBYSCORE', escalated, below, '-inf',
        'LIMIT', #bodies, limit - #bodies)
    if #found == 0 then break end
    for _, uuid in ipairs(found) do
        local body = redis.call('HGET', prefix .. uuid, 'body')
        if body then bodies[#bodies + 1] = body
        else redis.call('ZREM', escalated, uuid) end
    end
end
return bodies
"""

# An entry holds its mark, so that one like it can only be the same sent twice.
REMEMBER: Final = """
local call, words = KEYS[1], KEYS[2]
local entry, ended_ms, open_ms = ARGV[1], ARGV[2], ARGV[3]
if not redis.call('LPOS', words, entry, 'RANK', -1, 'MAXLEN', 100) then
    redis.call('RPUSH', words, entry)
end
local ended_at = redis.call('HGET', call, 'ended') or ''
redis.call('PEXPIRE', words, ended_at == '' and open_ms or ended_ms)
return 1
"""

KEEP: Final = """
local call, notes = KEYS[1], KEYS[2]
local name, entry, ended_ms, open_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
redis.call('HSETNX', notes, name, entry)
local ended_at = redis.call('HGET', call, 'ended') or ''
redis.call('PEXPIRE', notes, ended_at == '' and open_ms or ended_ms)
return redis.call('HGET', notes, name)
"""

FORGET: Final = """
local ended, before, words, notes = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
for _, uuid in ipairs(redis.call('ZRANGEBYSCORE', ended, '-inf', '(' .. before)) do
    redis.call('UNLINK', words .. uuid, notes .. uuid)
    redis.call('ZREM', ended, uuid)
end
return 1
"""

# The turns had before are what is returned. One given twice by a broken connection hurts nobody.
TAKE_TURN: Final = """
local turns, had, first = KEYS[1], {}, 1
for i, name in ipairs(ARGV) do
    had[i] = tonumber(redis.call('HGET', turns, name) or '0')
    if had[i] < had[first] then first = i end
end
redis.call('HSET', turns, ARGV[first], redis.call('HINCRBY', turns, '', 1))
return had
"""
