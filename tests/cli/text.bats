#!/usr/bin/env bats
# lep-preprocess on text: lines, tables, JSON Lines; tokens and vocabularies.

setup() {
  data=${LEP_DATA:-$BATS_TEST_DIRNAME/../../../shared/data}
  cd "$BATS_TEST_TMPDIR" || return 1
}

# capture COMMAND...: status, the files out and err; input from the file `in`
capture() {
  status=0
  "$@" <"${in:-/dev/null}" >out 2>err || status=$?
}

good() {
  capture "$@"
  if [ "$status" -ne 0 ] || [ -s err ]; then
    echo "$*: $status: $(cat err)"
    return 1
  fi
}

# The ids of a stream's first field, a line a record.
ids() { lep-cat --jsonl --values "$@" | sed 's/.*"values": \[\([^]]*\)\].*/\1/; s/ //g'; }

@test "CSV to words and classes, quotes and all" {
  printf 'text,topic\r\n"Why, today?",time\r\nHow much?,money\r\n"a ""b""\nc",money\r\n' >t.csv
  good lep-preprocess --text text --label topic -o s t.csv
  [ "$(lep-cat --table text s | tr '\n' ' ')" = '<unknown> " ? , a b c how much today why ' ]
  [ "$(lep-cat --table topic s | tr '\n' ' ')" = 'money time ' ]
  ids s >got
  cmp got - <<'END'
10,3,9,2
7,8,2
4,1,5,1,6
END
  lep-cat --drop text --csv s | cmp - <(printf 'key,topic\n2,time\n3,money\n4,money\n')
  head -c 512 s | grep -axq 'recipe text words lower rules 1 invalid fail'
}

@test "--like: lines, other columns, unknown words, labels only where they are" {
  printf 'text,topic\nWhy today?,time\nHow much?,money\n' >t.csv
  good lep-preprocess --text text --label topic -o s t.csv
  echo 'How why whence' | lep-preprocess --like s >l
  [ "$(ids l)" = 2,5,0 ]
  printf 'q,kind\nwhy,money\n' >u.csv
  good lep-preprocess --like s --text q --label kind u.csv
  [ "$(ids out)" = 5 ]
  lep-cat --drop text --csv out | cmp - <(printf 'key,topic\n2,money\n')
  good lep-preprocess --like s --text text=q u.csv
  run lep-cat --table topic out
  [ "$status" -eq 2 ]
}

@test "Banking77: all records, 77 classes, pipe and file the same" {
  [ -e "$data/banking77-train.csv" ] || skip "no data: $data"
  good lep-preprocess --text text --label category --tokens words -o s "$data/banking77-train.csv"
  [ "$(lep-cat --json s | grep -o '"records": [0-9]*')" = '"records": 10003' ]
  [ "$(lep-cat --table category s | wc -l)" -eq 77 ]
  lep-preprocess --format csv --text text --label category --tokens words <"$data/banking77-train.csv" >p
  lep-preprocess --format csv --text text --label category --tokens words < <(cat "$data/banking77-train.csv") | cmp - p
  [ "$(ids s | md5sum)" = "$(ids p | md5sum)" ]
  good lep-preprocess --like s -o t "$data/banking77-test.csv"
  [ "$(lep-cat --json t | grep -o '"records": [0-9]*')" = '"records": 3080' ]
}

# text FIELD STREAM: the decoded texts, a line a record
text() { lep-cat --keep "$1" --tsv "$2" | tail -n +2 | cut -f 2; }

@test "lines: LF, CR LF, an empty line, a last one without an end, a byte order mark" {
  printf '\xef\xbb\xbfa b\r\n\nc\rd\ne' >t
  good lep-preprocess --tokens chars -o s t
  lep-cat --keep text --tsv s | cmp - <(printf 'key\ttext\n1\ta b\n2\t\n3\tc\\rd\n4\te\n')
  good lep-preprocess --text question --tokens words t
  [ "$(lep-cat --table question out | tr '\n' ' ')" = '<unknown> a b c d e ' ]
}

@test "a file as a whole, kept to the byte; none of an empty one" {
  printf '\xef\xbb\xbfa\r\n\tb\n\n' >t
  : >none
  for tokens in bytes chars bpe; do
    good lep-preprocess --format whole --tokens $tokens -o s ./t none
    lep-cat --tsv s | cmp - <(printf 'key\ttext\nt\t\xef\xbb\xbfa\\r\\n\\tb\\n\\n\n')
    [ "$(lep-cat --jsonl s | grep -c '"text": "'$'\xef\xbb\xbf''a\\u000d\\n\\tb\\n\\n"')" -eq 1 ]
  done
  lep-preprocess --format whole --tokens bytes <t | lep-cat --jsonl | grep -q '"key": "-"'
}

@test "TSV has no quotes; columns by number without a header" {
  printf '"a\tb c\n"d\t\n' >t.tsv
  good lep-preprocess --no-header --text 1 --target-text 2 --tokens chars -o s t.tsv
  lep-cat --tsv s | cmp - <(printf 'key\ttext\ttarget\n1\t"a\tb c\n2\t"d\t\n')
  lep-cat --json s | grep -q '"name": "target", "role": "target"'
  # <end> is in the target's vocabulary alone, and not among its ids.
  [ "$(lep-cat --table target s | tail -n 1)" = '<end>' ]
  [ "$(lep-cat --table text s | grep -c '<end>' || true)" -eq 0 ]
  [ "$(ids --keep target s | head -n 1)" = 3,1,4 ] || ids --keep target s
}

@test "JSON Lines: escapes, numbers as labels, null, other keys of any kind" {
  cat >t.jsonl <<'END'
{"text": "a\tb", "label": 1, "x": [1, {"text": "no"}, []]}

 { "label" : true , "text" : "\u00e4\ud83d\ude00\/" }
{"text":"","label":null,"y":-0.5e+10}
END
  good lep-preprocess --text text --label label --tokens chars -o s t.jsonl
  lep-cat --tsv s | cmp - <(printf 'key\ttext\tlabel\n1\ta\\tb\t1\n3\t\xc3\xa4\xf0\x9f\x98\x80/\ttrue\n4\t\t\n')
  [ "$(lep-cat --table label s | tr '\n' ' ')" = '1 true ' ]
}

@test "the format goes by the names, gzip or not, or as it is said" {
  printf 'text,label\na,b\n' >t.csv
  good lep-preprocess -o s --provenance none t.csv
  gzip -k t.csv
  good lep-preprocess --provenance none t.csv.gz
  cmp s out
  cp t.csv t
  good lep-preprocess --format csv --provenance none t
  cmp s out
  in=t.csv good lep-preprocess --format csv --provenance none
  cmp s out
  # As lines it is other text.
  good lep-preprocess --format lines t.csv
  [ "$(lep-cat --table text out | tr '\n' ' ')" = '<unknown> , a b label text ' ]
  printf '{"text": "a", "label": "b"}\n' >t.jsonl
  good lep-preprocess --provenance none t.jsonl
  [ "$(ids out)" = "$(ids s)" ]
}

@test "keys: the line, or a column" {
  printf 'id,text\n\nx y,"a\nb"\nz,c\n' >t.csv
  good lep-preprocess --text text t.csv
  [ "$(lep-cat --tsv --keep text out | cut -f 1 | tr '\n' ' ')" = 'key 3 5 ' ]
  good lep-preprocess --text text --key id t.csv
  [ "$(lep-cat --tsv --keep text out | cut -f 1 | tr '\n' '|')" = 'key|x y|z|' ]
  cp t.csv u.csv
  good lep-preprocess --text text t.csv u.csv
  [ "$(lep-cat --tsv --keep text out | cut -f 1 | tr '\n' ' ')" = 'key 3 5 3 5 ' ]
}

@test "pipe, file, any spool: the same bytes" {
  for i in $(seq 300); do echo "$i line number $((i * i % 97)), \"q\""; done >t
  for tokens in words chars bpe bytes; do
    good lep-preprocess --tokens $tokens -o s --provenance none t
    cat t | lep-preprocess --tokens $tokens --provenance none | cmp - s
    cat t | lep-preprocess --tokens $tokens --provenance none --spool-limit 100 | cmp - s
    gzip <t | lep-preprocess --tokens $tokens --provenance none --spool-limit 100 | cmp - s
    lep-preprocess --tokens $tokens --provenance none -j 3 <t | cmp - s
  done
  good lep-preprocess --pack 7 --tokens words t
  [ "$(ids out | md5sum)" = "$(lep-preprocess --tokens words t | ids | md5sum)" ]
}

@test "--case, --truncate, --end, --min-count, --vocabulary" {
  printf 'B b a\nc B \xc3\x84\n' >t
  good lep-preprocess --case keep -o s t
  [ "$(lep-cat --table text s | tr '\n' ' ')" = $'<unknown> B a b c \xc3\x84 ' ]
  good lep-preprocess --tokens chars --case lower t
  [ "$(lep-cat --table text out | tr '\n' '|')" = $'<unknown>| |a|b|c|\xc3\xa4|' ]
  good lep-preprocess --end --truncate 2 -o s t
  [ "$(ids s | tr '\n' ' ')" = '1,5 3,5 ' ]
  head -c 512 s | grep -axq 'recipe text words lower rules 1 invalid fail truncate 2 end'
  echo 'a b a b' | lep-preprocess --like s >out
  [ "$(ids out)" = 2,5 ]
  good lep-preprocess --min-count 2 t
  [ "$(lep-cat --table text out | tr '\n' ' ')" = '<unknown> b ' ]
  good lep-preprocess --vocabulary 3 --end t
  [ "$(lep-cat --table text out | tr '\n' ' ')" = '<unknown> b <end> ' ]
}

@test "--vocabulary-from: lines, a stream, and what lep-cat --table prints" {
  printf 'a b\\\nc b\n' >t
  for tokens in words chars bpe; do
    good lep-preprocess --format whole --tokens $tokens --vocabulary 300 -o s --provenance none t
    lep-cat --table text s >names
    good lep-preprocess --format whole --tokens $tokens --provenance none --vocabulary-from names t
    cmp s out
    good lep-preprocess --format whole --tokens $tokens --provenance none --vocabulary-from s t
    cmp s out
  done
  # <unknown> and <end> are added where they lack; one pass is enough then.
  printf 'b\na\r\n' >names
  good lep-preprocess --vocabulary-from names --end t
  [ "$(lep-cat --table text out | tr '\n' ' ')" = '<unknown> b a <end> ' ]
  [ "$(ids out | tr '\n' ' ')" = '2,1,0,3 0,1,3 ' ]
}

@test "--shared-vocabulary: one table, one <end>" {
  printf 'a b\tc\nb\ta a\n' >t.tsv
  good lep-preprocess --no-header --text x=1 --target-text y=2 --shared-vocabulary -o s t.tsv
  [ "$(lep-cat --table x s | tr '\n' ' ')" = '<unknown> a b c <end> ' ]
  [ "$(grep -ac '^entry' s)" -eq 5 ]
  good lep-preprocess --no-header --text x=1 --target-text y=2 t.tsv
  [ "$(lep-cat --table x out | tr '\n' ' ')" = '<unknown> b a ' ]
  [ "$(lep-cat --table y out | tr '\n' ' ')" = '<unknown> a c <end> ' ]
}

@test "labels: given classes, unknown ones, none at all" {
  printf 'text,label\na,x\nb,\nc,z\n' >t.csv
  good lep-preprocess --text text --label label --classes z,y,x -o s t.csv
  [ "$(lep-cat --table label s | tr '\n' ' ')" = 'x y z ' ]
  [ "$(lep-cat --csv --keep label s | tr '\n' ' ')" = 'key,label 2,x 3, 4,z ' ]
  good lep-preprocess --text text --label label --classes x --unknown none t.csv
  [ "$(lep-cat --csv --keep label out | tr '\n' ' ')" = 'key,label 2,x 3, 4, ' ]
  capture lep-preprocess --text text --label label --classes x --unknown skip t.csv
  [ "$(cat err)" = "lep-preprocess: t.csv: line 4: class 'z' is not among those of --classes: left out
lep-preprocess: 1 sample of unknown classes left out" ]
  # Nor do its words count.
  [ "$(lep-cat --table text out | tr '\n' ' ')" = '<unknown> a b ' ]
  good lep-preprocess --no-labels t.csv
  run lep-cat --table label out
  [ "$status" -eq 2 ]
}

@test "--like takes columns of the fields' names, and lines" {
  printf 'text,label\na b,x\nb,y\n' >t.csv
  good lep-preprocess -o s --provenance none t.csv
  good lep-preprocess --provenance none --like s t.csv
  cmp s out
  printf '{"text": "b", "label": "y"}\n' >t.jsonl
  good lep-preprocess --like s t.jsonl
  [ "$(lep-cat --csv out | tail -n 1)" = 1,b,y ]
  # A target that is not there is left out.
  printf 'text\nb\n' >u.csv
  good lep-preprocess --like s u.csv
  [ "$(lep-cat --csv out | tr '\n' ' ')" = 'key,text 2,b ' ]
  # Of two texts, lines are the first, or the one that is named.
  printf 'q,c\na,b\nb c,d\n' >t.csv
  good lep-preprocess --text q --text c -o s t.csv
  echo 'a d' | lep-preprocess --like s | lep-cat --csv >out
  [ "$(tr '\n' ' ' <out)" = 'key,q 1,a <unknown> ' ]
  echo 'a d' | lep-preprocess --like s --text c | lep-cat --csv >out
  [ "$(tr '\n' ' ' <out)" = 'key,c 1,<unknown> d ' ]
}

@test "--like: nothing to prepare is a stream of no records; so where all is given" {
  printf 'text,label\na b,x\nb,y\n' >t.csv
  good lep-preprocess -o s t.csv
  for format in lines whole csv jsonl; do
    good lep-preprocess --like s --format $format
    [ "$(lep-cat --json out | grep -o '"records": [0-9]*')" = '"records": 0' ]
  done
  good lep-preprocess --tokens bytes
  printf 'a\n' >names
  good lep-preprocess --vocabulary-from names
}

@test "each line leaves at once when the input is waited for" {
  printf 'text,label\na b,x\nb,y\n' >t.csv
  good lep-preprocess -o s t.csv
  mkfifo pipe
  lep-preprocess --like s <pipe 2>err | lep-cat --tsv >out &
  pid=$!
  exec 9>pipe
  for i in 1 2 3; do
    printf 'a\nb ' >&9
    for _ in $(seq 100); do
      [ "$(wc -l <out)" -ge $((i + 1)) ] && break
      sleep 0.05
    done
    n=$(wc -l <out)
    [ "$n" -eq $((i + 1)) ]
  done
  exec 9>&-
  wait $pid
  [ "$(cut -f 2 out | tr '\n' '|')" = 'text|a|b a|b a|b|' ]
}

@test "as many bytes as you like: Shakespeare comes back from chars, bytes and bpe" {
  [ -e "$data/tinyshakespeare.txt" ] || skip "no data: $data"
  for tokens in bytes chars bpe; do
    good lep-preprocess --format whole --tokens $tokens -o s "$data/tinyshakespeare.txt"
    lep-cat --tsv s | tail -n 1 | cut -f 2 | sed 's/\\n/\n/g' | head -c -1 | cmp - "$data/tinyshakespeare.txt"
  done
  # lines as well, under a vocabulary of the whole
  good lep-preprocess --like s "$data/tinyshakespeare.txt"
  text text out | cmp - "$data/tinyshakespeare.txt"
}

@test "a run of one letter without an end takes time as its length" {
  head -c 3000000 /dev/zero | tr '\0' x >t
  { head -c 999999 /dev/zero | tr '\0' ' '; echo; } >>t
  good timeout 60 lep-preprocess --tokens bpe -o s t
  lep-cat --tsv s | tail -n +2 | cut -f 2 | cmp - t
}

@test "Multi30k: both languages come back from a shared vocabulary of 8000 pieces" {
  [ -e "$data/multi30k-train.tsv" ] || skip "no data: $data"
  good lep-preprocess --no-header --text de=1 --target-text en=2 --tokens bpe --shared-vocabulary --vocabulary 8000 \
    -o s "$data/multi30k-train.tsv"
  [ "$(lep-cat --table de s | wc -l)" -eq 8000 ]
  lep-cat --tsv s | tail -n +2 | cut -f 2,3 | cmp - "$data/multi30k-train.tsv"
  good lep-preprocess --no-header --like s --text 1 --target-text 2 "$data/multi30k-test.tsv"
  lep-cat --tsv out | tail -n +2 | cut -f 2,3 | cmp - "$data/multi30k-test.tsv"
}
