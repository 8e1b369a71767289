#!/usr/bin/env bats
# lep-preprocess: one stream, whatever the pictures come in.

setup() {
  case ${BUILD:-build} in
  /*) tools=$BUILD/tests/tools ;;
  *) tools=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/${BUILD:-build}/tests/tools ;;
  esac
  data=${LEP_DATA:-$BATS_TEST_DIRNAME/../../../shared/data}
  cd "$BATS_TEST_TMPDIR" || return 1
  # Names whose order differs by locale, by folder and by path.
  local n=0 c i
  for c in a a-b B; do
    mkdir -p "t/$c"
    for i in 1 10 2; do
      "$tools/mkpicture" 4 3 gray $((n += 1)) >"t/$c/$i.png"
    done
  done
  (cd t && tar -cf ../t.tar B/1.png B/10.png B/2.png a-b/1.png a-b/10.png a-b/2.png a/1.png a/10.png a/2.png)
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

show() { "$tools/showstream" "$@"; }

@test "folders in the order of their paths' bytes, the folder is the class" {
  good lep-preprocess -o s t
  show s | cut -f 1,2 >shown
  cmp shown - <<'END'
B/1.png	B
B/10.png	B
B/2.png	B
a-b/1.png	a-b
a-b/10.png	a-b
a-b/2.png	a-b
a/1.png	a
a/10.png	a
a/2.png	a
END
  head -c 512 s | grep -axq 'recipe picture gray 4x3 stretch background 0,0,0 rules 1 scale unit'
  # The table is sorted by bytes as well: capitals come first.
  head -c 512 s | grep -a '^entry' | tr '\n' ' ' | grep -qx 'entry B entry a entry a-b '
}

@test "folder, tar, pipe, gzip, FIFO operand, list, manifest: the same bytes" {
  good lep-preprocess -o s --provenance none t
  good lep-preprocess -o s2 --provenance none t/
  cmp s s2
  good lep-preprocess --provenance none t.tar
  cmp s out
  in=t.tar good lep-preprocess --provenance none
  cmp s out
  gzip -k t.tar
  good lep-preprocess --provenance none t.tar.gz
  cmp s out
  cat t.tar.gz | lep-preprocess --provenance none >out
  cmp s out
  cat t.tar | lep-preprocess --provenance none - >out
  cmp s out
  lep-preprocess --provenance none <(cat t.tar) >out
  cmp s out
  (cd t && find . -name '*.png' | LC_ALL=C sort | lep-preprocess --provenance none --files-from -) >out
  cmp s out
  (cd t && find . -name '*.png' -print0 | LC_ALL=C sort -z | lep-preprocess --provenance none -0 --files-from -) >out
  cmp s out
  (cd t && lep-preprocess --provenance none B/1.png B/10.png B/2.png a-b/1.png a-b/10.png a-b/2.png a/1.png a/10.png a/2.png) >out
  cmp s out
  { echo file,label; (cd t && find . -name '*.png' | LC_ALL=C sort) | sed 's|^./\(.*\)/\(.*\)$|\1/\2,\1|'; } >t/list.csv
  good lep-preprocess --provenance none --manifest t/list.csv
  cmp s out
  in=t/a/2.png good lep-preprocess
  show out | grep -q '^-	-	'
}

@test "GNU, pax and v7 archives, long names, ./ in front: the same bytes" {
  long=$(printf 'l%.0s' {1..120})
  mkdir -p "t/$long/$long"
  cp t/a/1.png "t/$long/$long/$long.png"
  good lep-preprocess -o s --provenance none t
  for format in gnu pax posix; do
    tar -C t --format=$format --sort=name -cf x.tar .
    good lep-preprocess --provenance none x.tar
    # tar's own order of folders differs from that of paths
    show out | sort >got
    show s | sort | cmp - got
  done
  good lep-preprocess -o s --provenance none --classes a t/a
  tar -C t --format=v7 -cf x.tar a/1.png a/10.png a/2.png
  good lep-preprocess --provenance none --classes a x.tar
  show out >got
  [ "$(wc -l <got)" -eq 3 ]
}

@test "any number of threads gives the same bytes" {
  for n in $(seq 100 160); do "$tools/mkpicture" $((n % 7 + 3)) 9 rgb "$n" >"t/a/$n.png"; done
  good lep-preprocess -o s --size 6x5 --gray -j1 t
  for j in 2 3 8; do
    good lep-preprocess --size 6x5 --gray -j$j t
    cmp s out
    tar -C t -cf x.tar B a-b a
    lep-preprocess --size 6x5 --gray -j$j x.tar >y
    lep-preprocess --size 6x5 --gray -j1 - <x.tar | cmp - y
  done
}

@test "hidden files and folders are passed over, everything else is read" {
  echo x >t/.DS_Store
  echo x >t/a/._1.png
  mkdir t/.git
  echo x >t/.git/config
  good lep-preprocess -o s --provenance none t
  [ "$(show s | wc -l)" -eq 9 ]
  tar -C t -cf x.tar .
  good lep-preprocess x.tar
  [ "$(show out | wc -l)" -eq 9 ]
}

@test "--pack puts N records in a frame, the same records" {
  good lep-preprocess -o s t
  good lep-preprocess --pack 4 t
  show --frames out | tr '\n' ' ' | grep -qx '4 4 1 '
  show s >one
  show out | cmp - one
}

@test "--like repeats recipe, classes and type; what it decides cannot be given" {
  good lep-preprocess -o s --provenance none --gray --size 5x4 --fit pad --background 9,8,7 --scale 0.5:0.25 --dtype f32 t
  good lep-preprocess --provenance none --like s t.tar
  cmp s out
  cat t.tar | lep-preprocess --provenance none --like s | cmp - s
  for option in --gray --rgb '--size 5x4' '--fit pad' '--background 9,8,7' '--scale unit' '--dtype f32' '--classes a'; do
    # shellcheck disable=SC2086
    capture lep-preprocess --like s $option t
    [ "$status" -eq 2 ]
    [ ! -s out ]
    grep -q -- "^lep-preprocess: ${option%% *} and --like exclude each other" err
  done
  # Another size is resized under --like, as the recipe says.
  "$tools/mkpicture" 50 40 gray 1 >t/a/big.png
  good lep-preprocess --like s t
  [ "$(show out | wc -l)" -eq 10 ]
}

@test "--like: an unknown class is named, skipped, or kept without a label" {
  good lep-preprocess -o s t
  mkdir -p u/zz u/a
  cp t/a/1.png u/zz/1.png
  cp t/a/1.png u/a/1.png
  cp t/a/1.png u/1.png
  capture lep-preprocess --like s u
  [ "$status" -eq 1 ]
  [ "$(cat err)" = "lep-preprocess: u/zz/1.png: class 'zz' is not among those of s" ]
  capture lep-preprocess --like s --unknown skip u
  [ "$status" -eq 0 ]
  show out | cut -f 1,2 | tr '\n\t' ' :' | grep -qx '1.png:- a/1.png:a '
  grep -q '^lep-preprocess: 1 sample of unknown classes left out$' err
  good lep-preprocess --like s --unknown none u
  show out | cut -f 1,2 | tr '\n\t' ' :' | grep -qx '1.png:- a/1.png:a zz/1.png:- '
  good lep-preprocess --like s --no-labels u
  head -c 512 out | grep -aq '^field image$'
  run grep -aq '^field label$' out
  [ "$status" -eq 1 ]
}

@test "--like: nothing to prepare is a stream of no records" {
  good lep-preprocess -o s t
  in=/dev/null good lep-preprocess --like s --files-from -
  show out >shown
  [ ! -s shown ]
  mkdir none
  good lep-preprocess --like s none
  show out
}

@test "--classes and --classes-from need no first pass and keep byte order" {
  good lep-preprocess -o s --provenance none t
  good lep-preprocess --provenance none --classes a-b,a,B t
  cmp s out
  printf 'a\nB\na-b\n' >names
  good lep-preprocess --provenance none --classes-from names t
  cmp s out
  capture lep-preprocess --classes a,B t
  [ "$status" -eq 1 ]
  grep -q "class 'a-b' is not among those of --classes" err
  capture lep-preprocess --classes a,a t
  [ "$status" -eq 2 ]
}

@test "a manifest: quotes, columns by name, labels of its own, its own folder" {
  cp t/a/1.png 't/a/com,ma "q".png'
  printf 'id,picture,kind\r\n1,"a/com,ma ""q"".png","x, y"\r\n2,B/1.png,z\r\n3,B/2.png,\r\n' >t/m.csv
  good lep-preprocess --manifest t/m.csv --columns picture,kind
  show out | cut -f 1,2 >shown
  cmp shown - <<'END'
a/com,ma "q".png	x, y
B/1.png	z
B/2.png	-
END
  good lep-preprocess --manifest t/m.csv --columns picture
  show out | cut -f 2 | sort -u | grep -qx -- -
  printf 'image\tanswer\nB/1.png\t"quoted\n' >t/m.tsv
  good lep-preprocess --manifest t/m.tsv
  show out | cut -f 1,2 | grep -qx 'B/1.png	"quoted'
  capture lep-preprocess --manifest t/m.csv --columns nothing
  [ "$status" -eq 1 ]
  grep -qx "lep-preprocess: t/m.csv: no column 'nothing'" err
}

@test "IDX files of pictures and labels, gzip too" {
  good lep-preprocess -o s t
  show --raw s >pixels
  { printf '\0\0\010\003\0\0\0\011\0\0\0\003\0\0\0\004'; cat pixels; } >images
  printf '\0\0\010\001\0\0\0\011\0\0\0\002\002\002\001\001\001' >labels
  good lep-preprocess -o i images labels
  show --raw i | cmp - pixels
  show i | cut -f 1,2 | tr '\n\t' ' :' | grep -qx '0:0 1:0 2:0 3:2 4:2 5:2 6:1 7:1 8:1 '
  gzip -k images labels
  good lep-preprocess images.gz labels.gz
  cmp i out
  good lep-preprocess --labels labels images
  show out | cut -f 2 | tr '\n' ' ' | grep -qx '0 0 0 2 2 2 1 1 1 '
  cat images | lep-preprocess --labels labels --provenance none >out
  lep-preprocess --provenance none images labels | cmp - out
  good lep-preprocess images
  show out | cut -f 2 | sort -u | grep -qx -- -
}

@test "--scale measure is exact, and what --dtype f32 applies" {
  mkdir -p m/x
  "$tools/mkpicture" 2 2 gray =100 >m/x/1.png
  "$tools/mkpicture" 2 2 gray =200 >m/x/2.png
  good lep-preprocess --scale measure --dtype f32 m
  head -c 512 out | grep -aqx 'recipe picture gray 2x2 stretch background 0,0,0 rules 1 scale 0.588235294:0.196078431'
  show out | cut -f 1,3 | tr '\n\t' ' :' | grep -qx 'x/1.png:-4 x/2.png:4 '
  cat m/x/1.png | lep-preprocess --scale 0.5:0.5 - >out
  head -c 512 out | grep -aq 'scale 0.5:0.5$'
  good lep-preprocess --scale none --dtype f32 m
  show out | cut -f 3 | tr '\n' ' ' | grep -qx '400 800 '
  tar -C m -cf m.tar x/1.png x/2.png
  cat m.tar | lep-preprocess --scale measure --dtype f32 --provenance none >out
  lep-preprocess --scale measure --dtype f32 --provenance none m | cmp - out
  # All of one value: nothing to divide by.
  capture lep-preprocess --scale measure m/x/1.png
  [ "$status" -eq 1 ]
  grep -q 'no deviation' err
}

@test "colour and size: those of the first picture, or as stated" {
  "$tools/mkpicture" 4 3 rgb 7 >t/B/0.png
  good lep-preprocess t
  head -c 512 out | grep -aq '^extents 3 4 3$'
  mv t/B/0.png t/a/9.png
  capture lep-preprocess -o s t
  [ "$status" -eq 1 ]
  [ ! -e s ]
  grep -qx 'lep-preprocess: t/a/9.png: in colour, where the first picture is gray (--gray or --rgb settles it)' err
  good lep-preprocess --gray t
  "$tools/mkpicture" 5 3 gray 7 >t/a/3.png
  capture lep-preprocess --gray t
  [ "$status" -eq 1 ]
  grep -qx 'lep-preprocess: t/a/3.png: 5x3 pixels, where the first picture has 4x3 (--size resizes)' err
  good lep-preprocess --gray --size 4x3 t
  good lep-preprocess --rgb --size 2 t
  head -c 512 out | grep -aq '^extents 2 2 3$'
}

@test "pictures from the other side: for a model, and back" {
  good lep-preprocess --provenance none -o s t
  good lep-preprocess --provenance none --flip none -o none t
  cmp s none
  for flip in horizontal vertical; do
    good lep-preprocess --provenance none --like s --flip $flip -o mirrored t
    run cmp -s s mirrored
    [ "$status" -eq 1 ]
    # All but the pixels is the same: a model takes them.
    cmp <(lep-cat --jsonl s | sed 's/"image": .*"label/"label/') <(lep-cat --jsonl mirrored | sed 's/"image": .*"label/"label/')
    good lep-train -q -n <(echo 'flatten; dense classes softmax') -e 1 -o m s
    lep-infer -m m -o one s
    lep-infer -m m -o two mirrored
    lep-fuse --ensemble mean one two | lep-eval >/dev/null
    # Mirrored twice they are as they were, bytes and reals.
    rm -rf back
    mkdir back
    lep-cat --png image -o back mirrored
    for dtype in u8 f32; do
      good lep-preprocess --dtype $dtype --flip $flip -o twice back
      good lep-preprocess --dtype $dtype -o once t
      cmp <(lep-cat --npy image twice) <(lep-cat --npy image once)
    done
  done
  echo a >x.txt
  capture lep-preprocess --flip vertical x.txt
  [ "$status" -eq 2 ]
  grep -q 'lep-preprocess: --flip is about pictures, and the input is text' err
}

@test "a record that arrives alone leaves at once" {
  good lep-preprocess -o s t
  mkfifo pipe
  lep-preprocess --like s - <pipe >out &
  pid=$!
  exec 9>pipe
  head -c 1536 t.tar >&9
  for _ in $(seq 100); do
    [ "$(grep -ac RECS out)" -ge 1 ] && break
    sleep 0.1
  done
  n=$(grep -ao RECS out | wc -l)
  tail -c +1537 t.tar >&9
  exec 9>&-
  wait $pid
  [ "$n" -ge 1 ]
  [ "$n" -lt 9 ]
  [ "$(show out | wc -l)" -eq 9 ]
}

@test "input needed twice is spooled, to a file beyond the limit" {
  mkdir tmp
  good lep-preprocess -o s t
  cat t.tar | TMPDIR=$PWD/tmp lep-preprocess --spool-limit 1000 >out
  cmp s out
  [ -z "$(ls tmp)" ]
  cat t.tar | TMPDIR=$PWD/nowhere lep-preprocess >out
  cmp s out
  status=0
  cat t.tar | TMPDIR=$PWD/nowhere lep-preprocess --spool-limit 1000 >out 2>err || status=$?
  [ "$status" -eq 1 ]
}

@test "provenance: options that count, in table order, no file names" {
  good lep-preprocess -j1 --pack 2 --gray -o s t
  head -c 512 s | grep -aqE '^provenance lep-preprocess [0-9.]+ --gray --pack 2$'
  good lep-preprocess --provenance none t
  run grep -aq '^provenance' out
  [ "$status" -eq 1 ]
}

@test "a run that is told to stop ends its stream with ABORT" {
  good lep-preprocess -o s t
  mkfifo pipe
  lep-preprocess --like s - <pipe >out 2>err &
  pid=$!
  exec 9>pipe
  head -c 1536 t.tar >&9
  sleep 0.5
  kill -TERM $pid
  status=0
  wait $pid || status=$?
  exec 9>&-
  [ "$status" -eq 143 ]
  status=0
  show out >shown 2>err || status=$?
  [ "$status" -eq 1 ]
  grep -q 'upstream failed: lep-preprocess: ' err
}

@test "MNIST and CIFAR-10: all records, classes, any threads, pipe or file" {
  [ -e "$data/mnist-test.tar" ] || skip "no data: $data"
  good lep-preprocess --gray -o s "$data/mnist-test.tar"
  [ "$(show s | wc -l)" -eq 10000 ]
  cat "$data/mnist-test.tar" | lep-preprocess --gray -j1 | cmp - s
  good lep-preprocess -o s "$data/cifar10-test.tar"
  [ "$(show s | cut -f 2 | sort -u | wc -l)" -eq 10 ]
  cat "$data/cifar10-test.tar" | lep-preprocess -j3 | cmp - s
}
