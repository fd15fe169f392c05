// Gocheck reads a log of ours over HTTP with Go's own checksum-database code: notes, tiles, entries, proofs.
//
//	gocheck -url http://127.0.0.1:8000/log -vkey VKEY [proof files …]
//
// A proof file is a C2SP tlog-proof, or a consistency proof in the form of a witness's add-checkpoint request whose
// old root stands behind its name: FILE=BASE64. It prints how many leaves and proofs it checked; exit 1 at the first
// that does not fit.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	log.SetFlags(0)
	url := flag.String("url", "", "prefix of the log, without a slash at the end")
	vkey := flag.String("vkey", "", "the log's verifier key")
	flag.Parse()
	verifier, err := note.NewVerifier(*vkey)
	if err != nil {
		log.Fatalf("vkey: %v", err)
	}
	raw, err := get(*url + "/checkpoint")
	if err != nil {
		log.Fatal(err)
	}
	tree, err := open(raw, verifier)
	if err != nil {
		log.Fatalf("checkpoint: %v", err)
	}
	tiles := &tileReader{url: *url}
	hashes := tlog.TileHashReader(tree, tiles)
	leaves, err := checkLeaves(*url, tree, hashes)
	if err != nil {
		log.Fatal(err)
	}
	for _, arg := range flag.Args() {
		if err := checkProof(arg, verifier, hashes, leaves); err != nil {
			log.Fatalf("%s: %v", arg, err)
		}
	}
	fmt.Printf("ok: %d leaves, %d tiles, %d proofs\n", tree.N, tiles.read, flag.NArg())
}

// open returns the tree of a signed checkpoint.
func open(raw []byte, verifier note.Verifier) (tlog.Tree, error) {
	signed, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("not three lines of this origin")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// checkLeaves hashes every entry and compares it with the tiles, which TileHashReader proves to be those of the tree.
func checkLeaves(url string, tree tlog.Tree, hashes tlog.HashReader) ([]tlog.Hash, error) {
	var leaves []tlog.Hash
	for start := int64(0); start < tree.N; start += 1 << height {
		width := min(tree.N-start, 1<<height)
		data, err := get(url + "/" + entriesPath(start>>height, width))
		if err != nil {
			return nil, err
		}
		var indexes []int64
		for i := range width {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("entry %d overruns its bundle", start+i)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			leaves = append(leaves, tlog.RecordHash(data[2:end]))
			data = data[end:]
			indexes = append(indexes, tlog.StoredHashIndex(0, start+i))
		}
		if len(data) != 0 {
			return nil, fmt.Errorf("bytes behind entry %d", start+width-1)
		}
		stored, err := hashes.ReadHashes(indexes)
		if err != nil {
			return nil, err
		}
		for i, hash := range stored {
			if hash != leaves[start+int64(i)] {
				return nil, fmt.Errorf("leaf %d is not the hash of its entry", start+int64(i))
			}
		}
	}
	return leaves, nil
}

func checkProof(arg string, verifier note.Verifier, hashes tlog.HashReader, leaves []tlog.Hash) error {
	name, oldRoot, isConsistency := strings.Cut(arg, ".txt=")
	if isConsistency {
		name += ".txt"
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	above, checkpoint, found := bytes.Cut(raw, []byte("\n\n"))
	if !found {
		return errors.New("no empty line")
	}
	tree, err := open(checkpoint, verifier)
	if err != nil {
		return err
	}
	lines := strings.Split(string(above), "\n")
	if isConsistency {
		return checkConsistency(lines, oldRoot, tree, hashes)
	}
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	proof, err := parseHashes(lines[2:])
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaves[index]); err != nil {
		return err
	}
	own, err := tlog.ProveRecord(tree.N, index, hashes)
	return same(own, proof, err)
}

func checkConsistency(lines []string, oldRoot string, tree tlog.Tree, hashes tlog.HashReader) error {
	old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	if err != nil {
		return err
	}
	root, err := tlog.ParseHash(oldRoot)
	if err != nil {
		return err
	}
	proof, err := parseHashes(lines[1:])
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, old, root); err != nil {
		return err
	}
	own, err := tlog.ProveTree(tree.N, old, hashes)
	return same(own, proof, err)
}

// same tells whether Go derives from the tiles the very proof that was given.
func same(own, given []tlog.Hash, err error) error {
	if err != nil {
		return err
	}
	if len(own) != len(given) {
		return fmt.Errorf("%d hashes where Go has %d", len(given), len(own))
	}
	for i := range own {
		if own[i] != given[i] {
			return fmt.Errorf("hash %d is another than Go's", i)
		}
	}
	return nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, line := range lines {
		data, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(data) != tlog.HashSize {
			return nil, fmt.Errorf("no hash: %q", line)
		}
		found = append(found, tlog.Hash(data))
	}
	return found, nil
}

// tileReader fetches tiles as C2SP tlog-tiles names them: as Go does, without the height in front.
type tileReader struct {
	url  string
	read int
}

func (r *tileReader) Height() int { return height }

func (r *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		data, err := get(r.url + "/" + strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		r.read++
		found = append(found, data)
	}
	return found, nil
}

func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func entriesPath(index, width int64) string {
	path := tlog.Tile{H: height, L: -1, N: index, W: int(width)}.Path()
	return strings.Replace(path, "tile/8/data/", "tile/entries/", 1)
}

func get(url string) ([]byte, error) {
	answer, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, answer.Status)
	}
	return io.ReadAll(answer.Body)
}
