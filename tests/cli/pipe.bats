#!/usr/bin/env bats
# Large records through a pipe, where lep-cat lends the pages of its file: the
# same bytes as through a file, and everything that goes wrong is noticed.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	"$BUILD/tests/tools/mkstream" frames 3 1000000 >large.lept
	"$BUILD/tests/tools/mkstream" frames 40 30000 >medium.lept
	"$BUILD/tests/tools/mkstream" frames 3000 10 >small.lept
	head -c 900000 large.lept | tail -c 600000 >pixels
	{ printf '\0\0\010\3\0\0\0\6\0\0\0\310\0\0\1\364'; cat pixels; } >image.idx # 6 of 200x500
	printf '\0\0\010\1\0\0\0\6\0\1\0\1\1\0' >label.idx
	printf 'cat\ndog\n' >names
	printf 'dog\ncat\n' >seman
	lep-cat --join --classes label=names --pack 2 image=image.idx label=label.idx >a.lept
	lep-cat --join --classes label=seman image=image.idx label=label.idx >b.lept
}

setup() {
	in=$BATS_FILE_TMPDIR
	cd "$BATS_TEST_TMPDIR"
}

# Flip a bit of byte $2 of file $1.
flip() {
	byte=$(tail -c +$(($2 + 1)) "$1" | head -c 1 | od -An -tu1 | tr -d ' ')
	printf "\\$(printf %03o $((byte ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "pipe: the bytes of the file, for records of all sizes and readers of all kinds" {
	for s in large medium small a b; do
		lep-cat "$in/$s.lept" | cmp - "$in/$s.lept"
		lep-cat "$in/$s.lept" | lep-cat | cmp - "$in/$s.lept"
		lep-cat "$in/$s.lept" | dd bs=7777 status=none | cmp - "$in/$s.lept"
		lep-cat "$in/$s.lept" | gzip -1 | lep-cat | cmp - "$in/$s.lept"
		lep-cat -o file "$in/$s.lept"
		cmp file "$in/$s.lept"
	done
	lep-cat "$in/large.lept" | { sleep 0.3; cat; } | cmp - "$in/large.lept"
}

@test "pipe: frames that are changed on the way get checksums of their own" {
	for how in '--drop label' '--drop image' '--rename image=picture' '--role image=other' '--range 1:5' \
		'--where label=dog' '--pack 4' '--key 3' '--keep label --keep image' '--shuffle' '--shard 2/2'; do
		for s in a b; do
			# shellcheck disable=SC2086
			lep-cat $how -o file "$in/$s.lept"
			lep-cat --check file
			# shellcheck disable=SC2086
			lep-cat $how "$in/$s.lept" | cmp - file
			# shellcheck disable=SC2086
			lep-cat "$in/$s.lept" | lep-cat $how | lep-cat --check
		done
	done
	# The second stream's ids become the first one's.
	lep-cat -o file "$in/a.lept" "$in/b.lept"
	lep-cat --check file
	lep-cat "$in/a.lept" "$in/b.lept" | cmp - file
	cat "$in/a.lept" "$in/b.lept" | lep-cat | cmp - file
	[ "$(lep-cat --csv --keep label file | cut -d, -f2 | tr '\n' ' ')" = \
		"label cat dog cat dog dog cat dog cat dog cat cat dog " ]
}

@test "pipe: a reader that has gone ends the writer quietly" {
	run --separate-stderr bash -c 'lep-cat "$1" | head -c 300000 | wc -c; exit ${PIPESTATUS[0]}' - "$in/large.lept"
	[ "$status" -eq 141 ]
	[ "$output" -eq 300000 ]
	[ -z "$stderr" ]
}

@test "pipe: damage behind records that were lent goes down as ABORT" {
	cp "$in/large.lept" damaged
	flip damaged 10000000
	run --separate-stderr bash -c 'lep-cat damaged 2>first | lep-cat --jsonl'
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 2 ]
	grep -qx "lep-cat: damaged: byte [0-9]*: damaged frame 'RECS' (its checksum does not match)" first
	[ "$stderr" = "lep-cat: <stdin>: upstream failed: $(cat first)" ]
}

@test "pipe: cut anywhere, it is noticed" {
	for at in 100 200 5000 2000000 4000200 5000000 11999000; do
		run --separate-stderr bash -c 'lep-cat "$1" | head -c "$2" | lep-cat -o out' - "$in/large.lept" "$at"
		[ "$status" -eq 1 ]
		[[ $stderr == "lep-cat: <stdin>: "*truncated* ]]
		[ ! -e out ]
	done
}

# started FILE: lep-cat writes FILE into fd 5, and has begun with the first record,
# so that it is checked; the head is in the file head.
started() {
	mkfifo fifo
	lep-cat "$1" >fifo 2>err 5>&- &
	writer=$!
	exec 5<fifo
	dd bs=4000 count=1 iflag=fullblock status=none <&5 >head
}

@test "pipe: a file that shrinks under a lent record is one line" {
	cp "$in/large.lept" data
	started data
	truncate -s 2000000 data
	run --separate-stderr bash -c 'cat head - <&5 | lep-cat -o out'
	[ "$status" -eq 1 ]
	[[ $stderr == "lep-cat: <stdin>: "* ]]
	[ ! -e out ]
	rc=0
	wait "$writer" || rc=$?
	[ "$rc" -eq 1 ]
	[ "$(wc -l <err)" -eq 1 ]
	grep -q "^lep-cat: .*shorter" err
}

@test "pipe: a file that is changed under a lent record is noticed by who reads it" {
	for at in 50000 900000 3500000; do
		cp "$in/large.lept" data
		started data
		flip data "$at"
		run --separate-stderr bash -c 'cat head - <&5 | lep-cat -o out'
		# Where the bytes had been copied already, they are what they were.
		if [ "$status" -eq 0 ]; then
			cmp out "$in/large.lept"
		else
			[ "$status" -eq 1 ]
			[[ $stderr == "lep-cat: <stdin>: byte 128: damaged frame 'RECS'"* ]]
			[ ! -e out ]
		fi
		exec 5<&-
		rm -f fifo out
	done
	# The last place is beyond what a pipe holds.
	[ "$status" -eq 1 ]
}

@test "pipe: text is given out as far as records came, while more are waited for and where they fail" {
	for how in --jsonl --csv --tsv --print; do
		mkfifo in
		lep-cat $how --keep label <in >out 2>err &
		pid=$!
		exec 5>in
		size=$(wc -c <"$in/b.lept")
		head -c $((size / 2)) "$in/b.lept" >&5
		for _ in $(seq 100); do
			if grep -q dog out; then break; fi
			sleep 0.05
		done
		grep -q dog out
		kill -0 "$pid"
		exec 5>&-
		rc=0
		wait "$pid" || rc=$?
		[ "$rc" -eq 1 ]
		grep -q truncated err
		head -c $((size / 2)) "$in/b.lept" >cut
		run --separate-stderr lep-cat $how --keep label cut
		[ "$status" -eq 1 ]
		[ "$output" = "$(cat out)" ] || [ $how = --print ]
		rm in
	done
}
