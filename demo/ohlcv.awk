# ohlcv.awk: from anybody's CSV of bars to the columns of the staging table, tab-separated:
# line number, symbol, ts, open, high, low, close, volume, reason it cannot be read, the line itself.
# Nothing is dropped here: a line that cannot be split comes out with its reason.
# Variables: name = instrument of a file that does not say (from the file's name).

function fail(message) {
    print "load: " message >"/dev/stderr"
    failed = 1
    exit 1
}

# Splits a line at sep into f[1..]; a field may stand in double quotes. 0: a quote is not closed.
function split_csv(line,    n, field) {
    if (index(line, "\"") == 0) return split(line, f, sep)
    n = 0
    line = line sep
    while (line != "") {
        if (match(line, /^"([^"]|"")*"/)) {
            field = substr(line, 2, RLENGTH - 2)
            line = substr(line, RLENGTH + 1)
            gsub(/""/, "\"", field)
            if (substr(line, 1, 1) != sep) return 0
        } else if (substr(line, 1, 1) == "\"") {
            return 0
        } else {
            field = substr(line, 1, index(line, sep) - 1)
            line = substr(line, length(field) + 1)
        }
        f[++n] = field
        line = substr(line, 2)
    }
    return n
}

function trim(s) { gsub(/^[ \t]+|[ \t]+$/, "", s); return s }
function is_number(s) { return trim(s) ~ /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/ }
function looks_like_time(s) {
    s = trim(s)
    return s ~ /^[0-9][0-9][0-9][0-9][-\/][0-9][0-9][-\/][0-9][0-9]/ || s ~ /^[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]/
}

# What a column name means; names are compared in lower case, without spaces and signs.
function meaning(s) {
    s = tolower(s)
    gsub(/[^a-z0-9]/, "", s)
    if (s ~ /^(symbol|instrument|ticker|pair|market|product|contract|coin|code)$/) return "symbol"
    if (s ~ /^(ts|timestamp|datetime|opentime|starttime|opents|gmttime|unix|unixtime|unixtimestamp|epoch)$/) return "ts"
    if (s ~ /^(date|day)$/) return "date"
    if (s == "time") return "time"
    if (s ~ /^(close|closeprice|price|last|lastprice|settle|settlement|closing)$/) return "close"
    if (s ~ /^(open|openprice)$/) return "open"
    if (s ~ /^(high|max)$/) return "high"
    if (s ~ /^(low|min)$/) return "low"
    if (s ~ /^(volume|vol|basevolume|volume[a-z]+)$/) return "volume"
    return ""
}

function choose_separator(line) {
    if (index(line, ";")) return ";"
    if (index(line, ",")) return ","
    if (index(line, "\t")) return "\t"
    return ""
}

function read_header(n,    i, m, seen) {
    for (i = 1; i <= n; i++) {
        m = meaning(f[i])
        if (m != "" && !(m in col)) col[m] = i
        seen = seen (i > 1 ? ", " : "") trim(f[i])
    }
    # a date with a time beside it is one timestamp; either alone is the timestamp
    if (!("ts" in col)) {
        if ("date" in col) col["ts"] = col["date"]
        else if ("time" in col) col["ts"] = col["time"]
        if ("date" in col && "time" in col) joined = col["time"]
    }
    if (!("ts" in col)) fail("no column of time among: " seen " (call it ts, timestamp, date or open_time)")
    if (!("close" in col)) fail("no column of prices among: " seen " (call it close or price)")
}

function guess_columns(n,    first) {
    first = looks_like_time(f[1]) ? 0 : 1
    if (n < 2 + first || (first && !looks_like_time(f[2])))
        fail("the first line is neither a header nor a bar: " $0)
    if (first) col["symbol"] = 1
    col["ts"] = 1 + first
    if (n - first == 2) {
        col["close"] = 2 + first
    } else if (n - first == 5 || n - first == 6 || n - first == 12) {  # 12: Binance klines
        col["open"] = 2 + first; col["high"] = 3 + first; col["low"] = 4 + first; col["close"] = 5 + first
        if (n - first > 5) col["volume"] = 6 + first
    } else {
        fail("no header, and " n " columns can mean many things: add a line such as ts,open,high,low,close,volume")
    }
}

function escaped(s) { gsub(/\\/, "\\\\", s); gsub(/\t/, "\\t", s); return s }
function value(m) { return m in col ? escaped(trim(f[col[m]])) : "\\N" }

function start(    n, i, numbers) {
    n = split_csv($0)
    for (i = 1; i <= n; i++) if (is_number(f[i])) numbers++
    if (numbers) guess_columns(n)
    else read_header(n)
    columns = n
    started = 1
    return numbers
}

BEGIN { OFS = "\t" }
NR == 1 { sub(/^\357\273\277/, "") }
{ sub(/\r$/, "") }
/^[ \t]*(#.*)?$/ { next }
!started {
    if (!sep) sep = choose_separator($0)
    # a title above the table, as some exporters write it
    if (!sep && NR < 5) next
    if (!sep) fail("no comma, semicolon or tab: this is not a CSV file")
    if (!start()) next
}
{
    n = split_csv($0)
    if (n != columns) {
        reason = n == 0 ? "a quote is not closed" : n " columns instead of " columns
        print NR, "\\N", "\\N", "\\N", "\\N", "\\N", "\\N", "\\N", reason, escaped($0)
        next
    }
    symbol = value("symbol")
    if (symbol == "\\N" || symbol == "") symbol = escaped(name)
    ts = value("ts")
    if (joined) ts = ts " " escaped(trim(f[joined]))
    print NR, symbol, ts, value("open"), value("high"), value("low"), value("close"), value("volume"), "\\N", escaped($0)
}
END { if (!failed && !started) fail("the file has no line of data") }
