#!/usr/bin/env bats
# lep-fuse joins: what stands beside what, under which names, in which frames.

bats_require_minimum_version 1.5.0

setup() {
	mk=$BUILD/tests/tools/mkoutputs
	cd "$BATS_TEST_TMPDIR"
	# Questions about pictures, many about one; the picture's name is key, text,
	# id and, in n, a number.
	questions=('field q input i32 * what|where|red' 'field pic other text -' 'field name other i32 - b.png|a.png|x.png'
		'field n other i64 -' 'field label target i32 - yes|no'
		'record b.png 0,2 b.png 0 -7 0' 'record a.png 1 a.png 1 12 1' 'record b.png 2,2,2 b.png 0 -7 1'
		'record x.png 1,1 x.png 2 5 0' 'record a.png - a.png 1 12 0')
	printf '%s\n' "${questions[@]}" | "$mk" 2 >q.lept
	pictures=('field image input u8 2x2' 'record a.png 1,2,3,4' 'record b.png 5,6,7,8' 'record c.png 9,9,9,9')
	printf '%s\n' "${pictures[@]}" | "$mk" >p.lept
}

# values FIELD...: of standard input, a line a record, key first
values() {
	local f command=()
	for f; do command+=(--keep "$f"); done
	lep-cat --jsonl --values "${command[@]}" |
		sed -E 's/.*"key": "([^"]*)".*"fields": /\1 /; s/"(extents|min|max|mean)": (\[[^]]*\]|[^,}]*), //g'
}

@test "inner: order and keys of the first, what has no partner is left out and counted" {
	run --separate-stderr lep-fuse -o out q.lept p.lept
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$stderr" = "lep-fuse: 1 of 5 records of q.lept have no partner in p.lept and are left out" ]
	values image q <out >got
	cat got
	diff got - <<-'EOF'
		b.png {"image": {"values": [[5, 6], [7, 8]]}, "q": {"values": [0, 2]}}}
		a.png {"image": {"values": [[1, 2], [3, 4]]}, "q": {"values": [1]}}}
		b.png {"image": {"values": [[5, 6], [7, 8]]}, "q": {"values": [2, 2, 2]}}}
		a.png {"image": {"values": [[1, 2], [3, 4]]}, "q": {"values": []}}}
	EOF
	[ "$(lep-cat --json out | grep -o '"name": "[^"]*", "role"' | cut -d'"' -f4 | tr '\n' ' ')" = \
		"q pic name n label image " ]
	run --separate-stderr lep-fuse -q q.lept p.lept
	[ -z "$stderr" ]
}

@test "-v names what is left out, and counts what nobody asked for" {
	run --separate-stderr lep-fuse -v -o out q.lept p.lept
	[ "$status" -eq 0 ]
	[[ $stderr == *"lep-fuse: q.lept: record 3 (x.png): no 'x.png' in p.lept"* ]]
	[[ $stderr == *"lep-fuse: 1 of 3 records of p.lept are not used"* ]]
	[[ $stderr == *"lep-fuse: 5 records, 4 joined"* ]]
}

@test "--strict: a record without partner is an error; an unused one is none" {
	run --separate-stderr lep-fuse --strict -o out q.lept p.lept
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-fuse: q.lept: record 3 (x.png): no 'x.png' in p.lept" ]
	[ ! -e out ]
	lep-cat --match '[!x]*' q.lept >fits.lept
	run --separate-stderr lep-fuse --strict -o out fits.lept p.lept
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
}

@test "--on: text, ids and whole numbers say the same as the key" {
	lep-fuse -q --provenance none q.lept p.lept >by-key
	# other keys, so that only the field can tell
	printf '%s\n' "${questions[@]}" | sed 's/^record [^ ]*/record k/' | "$mk" 2 >k.lept
	printf '%s\n' 'field image input u8 2x2' 'record 12 1,2,3,4' 'record -7 5,6,7,8' | "$mk" >numbers.lept
	for on in 'pic p' 'name p' 'n numbers'; do
		# shellcheck disable=SC2086
		set -- $on
		lep-fuse -q --provenance none --on "$1" k.lept "$2.lept" >out
		[ "$(lep-cat --jsonl out | grep -c '"key": "k"')" -eq 4 ]
		for f in image q label; do
			cmp <(lep-cat --jsonl --values --keep "$f" out | sed 's/"key": "[^"]*"//') \
				<(lep-cat --jsonl --values --keep "$f" by-key | sed 's/"key": "[^"]*"//')
		done
	done
}

@test "a record without an id has no partner" {
	printf '%s\n' 'field name other i32 - a.png' 'record k -1' 'record k 0' | "$mk" >i.lept
	run --separate-stderr lep-fuse -v --on name i.lept p.lept
	[ "$status" -eq 0 ]
	[[ $stderr == *"i.lept: record 0 (k): no id, so nothing in p.lept"* ]]
	[[ $stderr == *"1 of 2 records of i.lept"* ]]
}

@test "--left: zeros, no ids, no rows, and a tensor that says so" {
	printf '%s\n' 'field image input f32 2' 'field words input i32 * x|y' 'field kind target i32 - s|t' \
		'field two other i32 2 s|t' 'field note other text -' 'field size other i32 -' \
		'record b.png 1,2 1,0 1 1,1 hello 4' | "$mk" >p.lept
	run --separate-stderr lep-fuse --left -o out q.lept p.lept
	[ "$status" -eq 0 ]
	[ "$stderr" = "lep-fuse: 3 of 5 records of q.lept have no partner in p.lept" ]
	lep-cat --where label=yes out | values image words kind two note size image_present >got
	cat got
	diff got - <<-'EOF'
		b.png {"image": {"values": [1, 2]}, "words": {"values": [1, 0]}, "kind": {"id": 1, "name": "t"}, "two": {"values": [1, 1]}, "note": "hello", "size": 4, "image_present": {"values": [1]}}}
		x.png {"image": {"values": [0, 0]}, "words": {"values": []}, "kind": {"id": -1, "name": null}, "two": {"values": [-1, -1]}, "note": "", "size": 0, "image_present": {"values": [0]}}}
		a.png {"image": {"values": [0, 0]}, "words": {"values": []}, "kind": {"id": -1, "name": null}, "two": {"values": [-1, -1]}, "note": "", "size": 0, "image_present": {"values": [0]}}}
	EOF
	lep-cat -p out | grep -qE '^ *image_present +input +f32 1$'
	# nothing at all is there: all zeros, no error
	printf '%s\n' 'field image input f32 2' | "$mk" >none.lept
	lep-fuse -q --left q.lept none.lept | lep-cat --csv --keep image_present | grep -c ',0$' | grep -qx 5
}

@test "--sorted merges to the same bytes as holding" {
	for i in 11 10 9 8 7 6 5 4 3 2 1; do
		echo "record k$i $i $((i % 2))"
		[ $((i % 3)) -ne 0 ] || echo "record k$i -$i 0"
	done | LC_ALL=C sort -k 2,2 -s >rows
	{ printf '%s\n' 'field x input f32 1' 'field label target i32 - even|odd'; cat rows; } | "$mk" 3 >a.lept
	{ printf '%s\n' 'field y input f32 2'; printf '%s\n' k0 k1 k10 k2 k4 k5 k6 k8 z9 | sed 's/.*/record & 1,2/'; } |
		"$mk" 2 >b.lept
	{ printf '%s\n' 'field z input f32 1'; printf '%s\n' k1 k10 k4 k5 k6 k8 | sed 's/.*/record & 3/'; } |
		"$mk" 4 >c.lept
	for how in '' '--left' '--pack 4' '--left --pack 2'; do
		# shellcheck disable=SC2086
		lep-fuse $how a.lept b.lept c.lept >held 2>held.err
		# shellcheck disable=SC2086
		lep-fuse --sorted $how a.lept b.lept c.lept >merged 2>merged.err
		cmp held merged
		diff held.err merged.err
		lep-cat --check merged
		[ "$(lep-cat --jsonl merged | wc -l)" -ge 7 ]
	done
	# by a field, several of one value
	printf '%s\n' 'field pic other text -' 'record 9 a.png' 'record 8 a.png' 'record 7 b.png' 'record 6 d.png' |
		"$mk" 2 >f.lept
	cmp <(lep-fuse -q --on pic f.lept p.lept) <(lep-fuse -q --sorted --on pic f.lept p.lept)
	[ "$(lep-fuse -q --sorted --on pic f.lept p.lept | lep-cat --jsonl | wc -l)" -eq 3 ]
}

@test "--paste: the n-th of all, whatever the keys" {
	lep-cat --range 0:3 q.lept >three.lept
	run --separate-stderr lep-fuse --paste -o out three.lept p.lept p.lept
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	values q 2_image 3_image <out >got
	diff got - <<-'EOF'
		b.png {"q": {"values": [0, 2]}, "2_image": {"values": [[1, 2], [3, 4]]}, "3_image": {"values": [[1, 2], [3, 4]]}}}
		a.png {"q": {"values": [1]}, "2_image": {"values": [[5, 6], [7, 8]]}, "3_image": {"values": [[5, 6], [7, 8]]}}}
		b.png {"q": {"values": [2, 2, 2]}, "2_image": {"values": [[9, 9], [9, 9]]}, "3_image": {"values": [[9, 9], [9, 9]]}}}
	EOF
	# a bad one keeps its place, in other frames, too
	printf '%s\n' 'field y input f32 -' 'record a 1' 'bad b' 'record c 3' | "$mk" >y.lept
	lep-fuse -q --bad skip --paste y.lept p.lept | values y image >got
	diff got - <<-'EOF'
		a {"y": 1, "image": {"values": [[1, 2], [3, 4]]}}}
		c {"y": 3, "image": {"values": [[9, 9], [9, 9]]}}}
	EOF
	lep-fuse -q --bad skip --paste three.lept y.lept | values q y | tail -n 1 | grep -q '^b.png .*"y": 3}}$'
}

@test "three streams, each once" {
	printf '%s\n' 'field depth input f32 1' 'record b.png 2' 'record a.png 1' | "$mk" >d.lept
	lep-fuse -q q.lept p.lept d.lept | values image depth >got
	diff got - <<-'EOF'
		b.png {"image": {"values": [[5, 6], [7, 8]]}, "depth": {"values": [2]}}}
		a.png {"image": {"values": [[1, 2], [3, 4]]}, "depth": {"values": [1]}}}
		b.png {"image": {"values": [[5, 6], [7, 8]]}, "depth": {"values": [2]}}}
		a.png {"image": {"values": [[1, 2], [3, 4]]}, "depth": {"values": [1]}}}
	EOF
	# what one of them lacks is counted there
	printf '%s\n' 'field depth input f32 1' 'record b.png 2' | "$mk" >d.lept
	run --separate-stderr lep-fuse -o out q.lept p.lept d.lept
	[ "${stderr_lines[0]}" = "lep-fuse: 1 of 5 records of q.lept have no partner in p.lept and are left out" ]
	[ "${stderr_lines[1]}" = "lep-fuse: 3 of 5 records of q.lept have no partner in d.lept and are left out" ]
	[ "$(lep-cat --jsonl out | wc -l)" -eq 2 ]
}

@test "names that clash get a prefix, those of the first stay; --drop" {
	printf '%s\n' 'field image input u8 2x2' 'field label target i32 - cat|dog' 'record a.png 1,2,3,4 1' \
		'record b.png 5,6,7,8 0' | "$mk" >l.lept
	names() { lep-cat --json | grep -o '"name": "[^"]*", "role"' | cut -d'"' -f4 | tr '\n' ' '; }
	[ "$(lep-fuse -q q.lept l.lept | names)" = "q pic name n label image 2_label " ]
	[ "$(lep-fuse -q q.lept p.lept l.lept | names)" = "q pic name n label 2_image 3_image 3_label " ]
	[ "$(lep-fuse -q --prefix left,right q.lept p.lept l.lept | names)" = \
		"q pic name n label left_image right_image right_label " ]
	[ "$(lep-fuse -q --prefix left q.lept p.lept l.lept | names)" = \
		"q pic name n label left_image 3_image 3_label " ]
	[ "$(lep-fuse -q --left --prefix left q.lept p.lept l.lept | names)" = \
		"q pic name n label left_image left_image_present 3_image 3_label 3_image_present " ]
	[ "$(lep-fuse -q --drop 2_label --drop n q.lept l.lept | names)" = "q pic name label image " ]
	# roles, tables and classes are those of the inputs
	lep-fuse -q q.lept l.lept >out
	[ "$(lep-cat --table 2_label out | tr '\n' ' ')" = "cat dog " ]
	[ "$(lep-cat --table label out | tr '\n' ' ')" = "yes no " ]
	lep-cat --jsonl out | head -n 1 | grep -q '"2_label": {"id": 0, "name": "cat"}'
	lep-cat -p out | grep -qE '2_label +target'
}

@test "either side from a pipe, plain or gzipped" {
	lep-fuse -q q.lept p.lept >out
	lep-fuse -q - p.lept <q.lept | cmp - out
	lep-fuse -q q.lept - <p.lept | cmp - out
	lep-fuse -q <(cat q.lept) <(cat p.lept) | cmp - out
	# shellcheck disable=SC2002
	cat q.lept | lep-fuse -q --on pic - <(gzip <p.lept) | lep-cat --provenance none --keep image --keep q >gz
	lep-fuse -q --on pic q.lept p.lept | lep-cat --provenance none --keep image --keep q | cmp - gz
	gzip -k p.lept
	lep-fuse -q q.lept p.lept.gz | cmp - out
	# more than fits into the memory it may have
	lep-fuse -q --spool-limit 1 q.lept - <p.lept | cmp - out
	lep-fuse -q -o file q.lept p.lept
	cmp file out
}

@test "a record that arrives alone leaves at once, held or merged" {
	printf '%s\n' 'field x input f32 -' 'record a.png 1' 'record b.png 2' | "$mk" >two.lept
	for how in '' --sorted; do
		rm -f pipe && mkfifo pipe
		# shellcheck disable=SC2086
		lep-fuse -q $how - p.lept <pipe >out &
		exec 9>pipe
		# all but what stands behind the first record
		at=$(grep -abo RECS two.lept | sed -n 2p | cut -d: -f1)
		head -c "$((at - 8))" two.lept >&9
		for _ in $(seq 100); do
			[ "$(grep -ac RECS out)" -ge 1 ] && break
			sleep 0.1
		done
		n=$(grep -ao RECS out | wc -l)
		tail -c "+$((at - 7))" two.lept >&9
		exec 9>&-
		wait $!
		[ "$n" -eq 1 ]
		lep-cat --check out
	done
}

@test "frames are those of the first, smaller by what is left out; --pack" {
	frames() { lep-cat --check -v - 2>&1 | grep -oE "[0-9]+ frame" | cut -d" " -f1; }
	[ "$(lep-fuse -q q.lept p.lept | frames)" = 3 ]      # 2 2 1 less the fourth
	[ "$(lep-fuse -q --pack 3 q.lept p.lept | frames)" = 2 ] # 3 1
	[ "$(lep-fuse -q --pack 9 q.lept p.lept | frames)" = 1 ]
	lep-cat --match 'x*' q.lept >x.lept
	cat x.lept q.lept >xq.lept
	[ "$(lep-fuse -q xq.lept p.lept | frames)" = 3 ]     # a frame of nothing is none
	cmp <(lep-fuse -q --provenance none --pack 1 q.lept p.lept) \
		<(printf '%s\n' "${questions[@]}" | "$mk" 1 | lep-fuse -q --provenance none - p.lept)
}

@test "segments: ids and records of all, by name onto the first one's tables" {
	printf '%s\n' 'field q input i32 * what|where|red' 'field pic other text -' 'field name other i32 - a.png|b.png' \
		'field n other i64 -' 'field label target i32 - no|yes' 'record c.png 0 c.png 0 1 0' | "$mk" >q2.lept
	cat q.lept q2.lept | lep-fuse -q - p.lept >out
	values label <out | tail -n 1 | grep -q '^c.png .*"id": 1, "name": "no"'
	# held in two parts: the same as in one
	lep-cat --range 0:2 p.lept >p1.lept
	lep-cat --range 2: p.lept | lep-cat --provenance none - >p2.lept
	cat p1.lept p2.lept >p12.lept
	cat q.lept q2.lept | lep-fuse -q --provenance none - p12.lept | values image >got
	cat q.lept q2.lept | lep-fuse -q --provenance none - p.lept | values image | diff got -
	cat q.lept q2.lept | lep-fuse -q --provenance none - <(cat p12.lept) | values image | diff got -
}

@test "bad records: of either side, failing, left out or kept" {
	printf '%s\n' "${questions[@]:0:7}" 'bad a.png' | "$mk" 2 >bq.lept
	printf '%s\n' "${pictures[@]:0:2}" 'bad b.png' 'bad c.png' | "$mk" >bp.lept
	run --separate-stderr lep-fuse -o out bq.lept p.lept
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-fuse: bq.lept: record 2 (a.png): is bad: broken" ]
	# a bad picture is one where somebody asks for it
	run --separate-stderr lep-fuse -o out q.lept bp.lept
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-fuse: bp.lept: record 1 (b.png): is bad: broken" ]
	run --separate-stderr lep-fuse --bad skip -o out bq.lept bp.lept
	[ "$status" -eq 0 ]
	[ "${stderr_lines[0]}" = "lep-fuse: bp.lept: record 1 (b.png): is bad: broken: left out" ]
	[ "${stderr_lines[1]}" = "lep-fuse: bq.lept: record 2 (a.png): is bad: broken: left out" ]
	[ "${stderr_lines[2]}" = "lep-fuse: 2 of 3 records are bad and left out" ]
	[ "$(lep-cat --jsonl out | wc -l)" -eq 1 ]
	run --separate-stderr lep-fuse --bad keep -o out bq.lept bp.lept
	[ "$stderr" = "lep-fuse: 2 of 3 records are kept as bad" ]
	[ "$(lep-cat --jsonl out | grep -c '"status": "bad", "cause": "broken"')" -eq 2 ]
	# without values there is nothing to look up by, and it stays bad
	lep-fuse -q --bad keep --on pic bq.lept p.lept | lep-cat --jsonl | tail -n 1 | grep -q '"status": "bad"'
}

@test "recipes and notes of all travel on, and a line is added" {
	"$BUILD/tests/tools/mkdigits" . 20 5
	lep-preprocess --gray --no-labels -o pics.lept train
	lep-cat --csv pics.lept | cut -d, -f1 | tail -n +2 | { echo 'name,question,answer'
		i=0; while read -r k; do echo "$k,what is it $((i % 3)),$([ $((i % 2)) -eq 0 ] && echo yes || echo no)"; i=$((i + 1)); done; } >q.csv
	lep-preprocess --key name --text question --label answer -o text.lept q.csv
	lep-fuse --strict -o joined.lept text.lept pics.lept
	[ "$(lep-cat --note provenance joined.lept)" = "lep-preprocess 0.1.0 --text question --label answer --key name
lep-preprocess 0.1.0 --gray --no-labels
lep-fuse 0.1.0" ]
	# each part can be made again from what was joined
	lep-preprocess --like joined.lept --key name -o a q.csv
	cmp <(lep-cat --jsonl --values a) <(lep-cat --jsonl --values text.lept)
	# the folders of these pictures are classes, but none of the answers: no label
	lep-preprocess --like joined.lept train | lep-cat --jsonl --values | cmp - <(lep-cat --jsonl --values pics.lept)
	lep-preprocess --like joined.lept --key name q.csv >t.lept
	lep-preprocess --like joined.lept train >p.lept
	lep-fuse --strict t.lept p.lept | lep-cat --jsonl --values | cmp - <(lep-cat --jsonl --values joined.lept)
	# and one question alone
	echo 'what is it' | lep-preprocess --like joined.lept --text question | lep-cat -p | grep -q '3 ids  what is it'
}

@test "a model of joined streams prepares each of its parts, and takes them joined again" {
	"$BUILD/tests/tools/mkdigits" . 40 10
	lep-preprocess --gray --no-labels -o pics.lept train
	lep-cat --csv pics.lept | cut -d, -f1 | tail -n +2 | { echo 'name,question,answer'
		while read -r k; do echo "$k,is it a seven?,$([ "${k%%/*}" = 7 ] && echo yes || echo no)"; done; } >q.csv
	lep-preprocess --key name --text question --label answer -o text.lept q.csv
	lep-fuse --left -o joined.lept text.lept pics.lept
	printf '%s\n' 'input image { flatten; dense 8 relu }' 'input question { embed 4; pool mean; dense 8 relu }' \
		'seen = fuse product image question' 'input image_present' 'fuse concat seen image_present' \
		'dense classes softmax' >net
	lep-train -q -n net -e 1 -o m.lepm joined.lept
	lep-preprocess --like m.lepm train | lep-cat --jsonl --values | cmp - <(lep-cat --jsonl --values pics.lept)
	lep-preprocess --like m.lepm --key name q.csv | lep-cat --jsonl --values | cmp - <(lep-cat --jsonl --values text.lept)
	# the same answers, whether all parts are prepared anew or not
	lep-preprocess --like m.lepm --key name -o t.lept q.csv
	lep-preprocess --like m.lepm train | lep-fuse --left t.lept - | lep-infer -m m.lepm --format tsv >anew
	lep-infer -m m.lepm --format tsv joined.lept | cmp - anew
	# one question about one picture, and one about none
	lep-preprocess --like m.lepm -o one.lept train/7/0000.png
	echo 'is it a seven?' | lep-preprocess --like m.lepm --text question >ask.lept
	lep-cat --key 7/0000.png pics.lept >picture.lept
	sed -n '1p;/^7.0000.png/p' q.csv | lep-preprocess --like m.lepm --format csv --key name - |
		lep-fuse --left - picture.lept | lep-infer -m m.lepm --format tsv | cut -f 2- >want
	lep-cat --range 0 one.lept | lep-fuse --paste ask.lept - >pair.lept
	lep-cat --key 7/0000.png joined.lept | lep-cat --keep image_present | lep-fuse --paste pair.lept - |
		lep-infer -m m.lepm --format tsv | cut -f 2- | cmp - want
	printf '%s\n' 'field image input u8 28x28x1' | "$mk" >none.lept
	lep-fuse -q --left ask.lept none.lept | lep-infer -m m.lepm --any-recipe --format tsv | wc -l | grep -qx 2
}

@test "two inputs made of pictures, each by its name: --image" {
	"$BUILD/tests/tools/mkdigits" . 20 5
	lep-preprocess --gray --image left -o l.lept train
	lep-preprocess --rgb --size 12 --image right --no-labels -o r.lept train
	lep-fuse --strict --provenance none -o both.lept l.lept r.lept
	lep-cat -p both.lept | grep -qE '^ *left +input +u8 [0-9]+x[0-9]+x1$'
	lep-cat -p both.lept | grep -qE '^ *right +input +u8 12x12x3$'
	lep-preprocess --like both.lept train | lep-cat --jsonl --values | cmp - <(lep-cat --jsonl --values l.lept)
	lep-preprocess --like both.lept --no-labels --image right train | lep-cat --jsonl --values |
		cmp - <(lep-cat --jsonl --values r.lept)
	# these folders are classes of the target, so both have it
	lep-preprocess --like both.lept --image right train | lep-cat -p | grep -qE '^ *label +target'
	run --separate-stderr lep-preprocess --like both.lept --image middle train
	[ "$status" -eq 1 ]
	[ "$stderr" = "lep-preprocess: both.lept: no field 'middle' in it is prepared from pictures" ]
	run --separate-stderr lep-preprocess --image '' train
	[ "$status" -eq 2 ]
	[ "${stderr_lines[0]}" = "lep-preprocess: --image: an empty name" ]
	run --separate-stderr lep-preprocess --image x --text y t.csv
	[ "$status" -eq 2 ]
	[ "${stderr_lines[0]}" = "lep-preprocess: --image is about pictures, and the input is text" ]
}

@test "the same bytes for any LEP_THREADS and LEP_ISA" {
	lep-fuse -q --left q.lept p.lept >out
	LEP_THREADS=1 LEP_ISA=portable lep-fuse -q --left q.lept p.lept | cmp - out
	LEP_THREADS=7 lep-fuse -q --left q.lept p.lept | cmp - out
}

@test "--records counts the first; --provenance" {
	lep-fuse -q --records 5 q.lept p.lept >out
	run --separate-stderr lep-fuse -q --records 4 -o none q.lept p.lept
	[ "$status" -eq 1 ]
	[[ $stderr == "lep-fuse: q.lept: "* ]]
	[ "$(lep-fuse -q --provenance none q.lept p.lept | lep-cat --note provenance || true)" = "" ]
	lep-fuse -q --provenance full q.lept p.lept | lep-cat --note provenance | grep -q '^lep-fuse .* # '
	# what cannot change the output is no part of it
	[ "$(lep-fuse -q --on pic --pack 3 --spool-limit 3M q.lept p.lept | lep-cat --note provenance)" = \
		"lep-fuse $(lep-fuse --version | cut -d' ' -f2) --on pic --pack 3" ]
}

@test "an empty first stream is joined to an empty one" {
	printf '%s\n' "${questions[@]:0:5}" | "$mk" >none.lept
	run --separate-stderr lep-fuse -o out none.lept p.lept
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(lep-cat --jsonl out | wc -l)" -eq 0 ]
	lep-cat --json out | grep -q '"image"'
}
