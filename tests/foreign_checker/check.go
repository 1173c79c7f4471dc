// Command check checks a bundle of evidence by docs/wire.md alone: it shares no code with casebus.
//
//	check BUNDLE ROOT-DIGEST
//
// It prints "ok" with what it counted, or a line for each fault, and then ends with 1.
package main

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"sort"
	"strconv"
	"strings"
)

type header struct{ name, text string }

type record struct {
	Offset    uint64      `json:"offset"`
	Epoch     uint64      `json:"epoch"`
	Partition uint64      `json:"partition"`
	Index     uint64      `json:"index"`
	Headers   [][2]string `json:"headers"`
	Value     *string     `json:"value"`
	Leaf      string      `json:"leaf"`
}

type proof struct {
	Epoch, Partition, Index uint64
	Path                    []string
}

type schema struct {
	ID      uint32 `json:"id"`
	Subject string `json:"subject"`
	Version int    `json:"version"`
	Digest  string `json:"digest"`
	Text    string `json:"text"`
}

type key struct {
	agency           string
	public           []byte
	from, to         int64 // milliseconds; to is 0 where it has no end
	added, revokedAt uint64
	revoked          bool
}

type delegate struct {
	source, agency string
	types          []string
	since, until   uint64
}

type head struct {
	size uint64
	root []byte
}

type bundle struct {
	root      string
	files     map[string][]byte
	schemas   map[uint32]schema
	keys      map[string]*key
	delegates []*delegate
	heads     map[[2]uint64]head
	faults    []string
}

func (b *bundle) fault(where string, format string, more ...any) {
	b.faults = append(b.faults, where+": "+fmt.Sprintf(format, more...))
}

func hash(parts ...[]byte) []byte {
	sum := sha256.New()
	for _, one := range parts {
		sum.Write(one)
	}
	return sum.Sum(nil)
}

func u32(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// Headers ------------------------------------------------------------------------------------

func get(headers [][2]string, name string) string {
	for _, one := range headers {
		if one[0] == name {
			return one[1]
		}
	}
	return ""
}

func pick(headers [][2]string, wanted func(string) bool) []header {
	var found []header
	for _, one := range headers {
		if wanted(one[0]) {
			found = append(found, header{one[0], one[1]})
		}
	}
	sort.Slice(found, func(i, j int) bool {
		if found[i].name != found[j].name {
			return found[i].name < found[j].name
		}
		return found[i].text < found[j].text
	})
	return found
}

func framed(headers []header) []byte {
	var out []byte
	for _, one := range headers {
		out = append(out, u32(len(one.name))...)
		out = append(out, one.name...)
		out = append(out, u32(len(one.text))...)
		out = append(out, one.text...)
	}
	return out
}

func isSignature(name string) bool { return name == "ce_signature" || name == "ce_sigproof" }

func (b *bundle) eventLeaf(one record) ([]byte, []byte, error) {
	if one.Value == nil {
		leaf, err := hex.DecodeString(one.Leaf)
		if err != nil || len(leaf) != sha256.Size {
			return nil, nil, fmt.Errorf("no leaf")
		}
		return leaf, nil, nil
	}
	value, err := base64.StdEncoding.Strict().DecodeString(*one.Value)
	if err != nil || len(value) < 5 || value[0] != 0 {
		return nil, nil, fmt.Errorf("no value")
	}
	wrote, ok := b.schemas[binary.BigEndian.Uint32(value[1:5])]
	if !ok {
		return nil, nil, fmt.Errorf("no schema")
	}
	covered := pick(one.Headers, func(name string) bool {
		return name == "content-type" || strings.HasPrefix(name, "ce_") && !isSignature(name)
	})
	return hash([]byte{0}, hash([]byte(wrote.Text)), u32(len(covered)), framed(covered), value[5:]), value, nil
}

func logLeaf(leaf []byte, headers [][2]string) []byte {
	logged := pick(headers, func(name string) bool { return isSignature(name) || strings.HasPrefix(name, "cb-") })
	return hash([]byte{0}, leaf, framed(logged))
}

// Trees --------------------------------------------------------------------------------------

// rootFrom follows an audit path (RFC 9162 section 2.1.3.2); nil for one of the wrong length.
func rootFrom(leaf []byte, index, size uint64, path [][]byte) []byte {
	if index >= size {
		return nil
	}
	fn, sn, found := index, size-1, leaf
	for _, beside := range path {
		if sn == 0 {
			return nil
		}
		if fn%2 == 1 || fn == sn {
			found = hash([]byte{1}, beside, found)
			for fn%2 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			found = hash([]byte{1}, found, beside)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 {
		return nil
	}
	return found
}

func signed(leaf []byte, headers [][2]string, public []byte) bool {
	code := base64.RawURLEncoding.Strict()
	signature, err := code.DecodeString(get(headers, "ce_signature"))
	raw, err2 := code.DecodeString(get(headers, "ce_sigproof"))
	if err != nil || err2 != nil || len(raw) < 8 || (len(raw)-8)%32 != 0 || len(public) != ed25519.PublicKeySize {
		return false
	}
	var path [][]byte
	for at := 8; at < len(raw); at += 32 {
		path = append(path, raw[at:at+32])
	}
	size, index := binary.BigEndian.Uint32(raw), binary.BigEndian.Uint32(raw[4:])
	root := rootFrom(leaf, uint64(index), uint64(size), path)
	if root == nil {
		return false
	}
	said := append([]byte("casebus events v1\x00"), binary.BigEndian.AppendUint64(nil, uint64(size))...)
	return ed25519.Verify(public, append(said, root...), signature)
}

// Avro ---------------------------------------------------------------------------------------

type avro struct {
	in    *bytes.Reader
	named map[string]any
}

func (a *avro) long() int64 {
	n, err := binary.ReadUvarint(a.in)
	if err != nil {
		panic(err)
	}
	return int64(n>>1) ^ -int64(n&1)
}

func (a *avro) bytes() []byte {
	size := a.long()
	if size < 0 || size > int64(a.in.Len()) {
		panic("a length that is none")
	}
	out := make([]byte, size)
	if _, err := io.ReadFull(a.in, out); err != nil {
		panic(err)
	}
	return out
}

// read reads a value of a type as the Avro specification has it.
func (a *avro) read(kind any) any {
	switch one := kind.(type) {
	case []any:
		return a.read(one[a.long()])
	case string:
		switch one {
		case "null":
			return nil
		case "string":
			return string(a.bytes())
		case "bytes":
			return a.bytes()
		case "int", "long":
			return a.long()
		case "boolean":
			byte_, _ := a.in.ReadByte()
			return byte_ == 1
		}
		return a.read(a.named[one])
	case map[string]any:
		return a.complex(one)
	}
	panic("an unknown type")
}

func (a *avro) complex(one map[string]any) any {
	switch one["type"] {
	case "record":
		a.named[one["name"].(string)] = one
		found := map[string]any{}
		for _, field := range one["fields"].([]any) {
			about := field.(map[string]any)
			found[about["name"].(string)] = a.read(about["type"])
		}
		return found
	case "array":
		var found []any
		for count := a.long(); count != 0; count = a.long() {
			if count < 0 {
				count = -count
				a.long()
			}
			for ; count > 0; count-- {
				found = append(found, a.read(one["items"]))
			}
		}
		return found
	case "enum":
		a.named[one["name"].(string)] = one
		return one["symbols"].([]any)[a.long()]
	}
	return a.read(one["type"])
}

func (b *bundle) body(value []byte) (found map[string]any, err error) {
	defer func() {
		if said := recover(); said != nil {
			err = fmt.Errorf("%v", said)
		}
	}()
	var kind any
	if err := json.Unmarshal([]byte(b.schemas[binary.BigEndian.Uint32(value[1:5])].Text), &kind); err != nil {
		return nil, err
	}
	reader := &avro{bytes.NewReader(value[5:]), map[string]any{}}
	return reader.read(kind).(map[string]any), nil
}

// The directory ------------------------------------------------------------------------------

func (b *bundle) directory() {
	for at, line := range b.lines("directory.jsonl") {
		where := fmt.Sprintf("directory.jsonl line %d", at+1)
		var one record
		if err := strict(line, &one); err != nil {
			b.fault(where, "%v", err)
			continue
		}
		leaf, value, err := b.eventLeaf(one)
		if err != nil {
			b.fault(where, "%v", err)
			continue
		}
		said, err := b.body(value)
		if err != nil {
			b.fault(where, "%v", err)
			continue
		}
		if at == 0 {
			if one.Offset != 0 || hex.EncodeToString(leaf) != b.root {
				b.fault(where, "not the pinned root")
				return
			}
			for _, row := range said["keys"].([]any) {
				b.addKey(row.(map[string]any), "root", 0)
			}
		}
		signer := b.keys[get(one.Headers, "ce_keyid")]
		kind := get(one.Headers, "ce_type")
		if signer == nil || signer.revoked || get(one.Headers, "ce_source") != "root" ||
			!b.may(signer.agency, "root", kind, one.Offset+1) || !signed(leaf, one.Headers, signer.public) {
			b.fault(where, "not signed by the root or its registrar")
			continue
		}
		b.take(kind, said, one.Offset)
	}
}

func (b *bundle) addKey(row map[string]any, agency string, offset uint64) {
	made := &key{agency: agency, public: row["public"].([]byte), from: row["valid_from"].(int64), added: offset}
	if to, ok := row["valid_to"].(int64); ok {
		made.to = to
	}
	b.keys[row["keyid"].(string)] = made
}

func (b *bundle) take(kind string, said map[string]any, offset uint64) {
	switch strings.Split(kind, ".")[2] {
	case "key_added":
		b.addKey(said, said["agency"].(string), offset)
	case "key_revoked":
		if known := b.keys[said["keyid"].(string)]; known != nil {
			known.revoked, known.revokedAt = true, offset
		}
	case "delegate_named":
		made := &delegate{source: said["source"].(string), agency: said["delegate"].(string), since: offset, until: ^uint64(0)}
		for _, one := range said["types"].([]any) {
			made.types = append(made.types, one.(string))
		}
		b.delegates = append(b.delegates, made)
	case "delegate_withdrawn":
		for _, one := range b.delegates {
			if one.source == said["source"] && one.agency == said["delegate"] && one.until > offset {
				one.until = offset
			}
		}
	}
}

// may says whether a signer may sign for a source, by the entries before an offset.
func (b *bundle) may(signer, source, kind string, before uint64) bool {
	if signer == source {
		return true
	}
	for _, one := range b.delegates {
		if one.source == source && one.agency == signer && one.since < before && one.until >= before {
			for _, glob := range one.types {
				// Types hold no slash, so that a star means what it means in a shell.
				if fits, _ := path.Match(glob, kind); fits {
					return true
				}
			}
		}
	}
	return false
}

// Heads, records, proofs ---------------------------------------------------------------------

func (b *bundle) readHeads() {
	for name, body := range b.files {
		if !strings.HasPrefix(name, "heads/") {
			continue
		}
		log := strings.Split(strings.TrimSuffix(strings.TrimPrefix(name, "heads/"), ".txt"), "-")
		text, lines, found := strings.Cut(string(body), "\n\n")
		rows := strings.Split(text, "\n")
		if !found || len(log) != 2 || len(rows) < 3 {
			b.fault(name, "no head")
			continue
		}
		epoch, _ := strconv.ParseUint(log[0], 10, 64)
		partition, _ := strconv.ParseUint(log[1], 10, 64)
		size, err := strconv.ParseUint(rows[1], 10, 64)
		root, err2 := base64.StdEncoding.Strict().DecodeString(rows[2])
		if err != nil || err2 != nil || rows[0] != fmt.Sprintf("casebus/%s/log/%d/%d", b.root, epoch, partition) {
			b.fault(name, "the head of another log")
			continue
		}
		if !b.headSigned(rows[0], text+"\n", strings.Split(strings.TrimSuffix(lines, "\n"), "\n")) {
			b.fault(name, "no key of the installation has signed it")
			continue
		}
		b.heads[[2]uint64{epoch, partition}] = head{size, root}
	}
}

func (b *bundle) headSigned(origin, text string, lines []string) bool {
	for _, line := range lines {
		parts := strings.Split(line, " ")
		if len(parts) != 3 || parts[0] != "\u2014" || parts[1] != origin {
			continue
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
		if err != nil || len(raw) < 4 {
			continue
		}
		for _, one := range b.keys {
			id := hash([]byte(origin), []byte("\n\x01"), one.public)[:4]
			if one.agency == "bus" && !one.revoked && bytes.Equal(id, raw[:4]) && ed25519.Verify(one.public, []byte(text), raw[4:]) {
				return true
			}
		}
	}
	return false
}

func (b *bundle) records(name string, paths map[[3]uint64][][]byte, stream string) int {
	count := 0
	for at, line := range b.lines(name) {
		where := fmt.Sprintf("%s line %d", name, at+1)
		var one record
		if err := strict(line, &one); err != nil {
			b.fault(where, "%v", err)
			continue
		}
		leaf, _, err := b.eventLeaf(one)
		if err != nil {
			b.fault(where, "%v", err)
			continue
		}
		if one.Value != nil && get(one.Headers, "ce_subject") != stream {
			b.fault(where, "of another case")
		}
		b.author(where, one, leaf)
		log := b.heads[[2]uint64{one.Epoch, one.Partition}]
		found := rootFrom(logLeaf(leaf, one.Headers), one.Index, log.size, paths[[3]uint64{one.Epoch, one.Partition, one.Index}])
		if found == nil || !bytes.Equal(found, log.root) {
			b.fault(where, "not in the log")
		}
		count++
	}
	return count
}

func (b *bundle) author(where string, one record, leaf []byte) {
	position, err := strconv.ParseUint(get(one.Headers, "cb-directory"), 10, 64)
	origin := strings.Split(get(one.Headers, "cb-origin"), "/")
	appended, err2 := strconv.ParseInt(origin[len(origin)-1], 10, 64)
	known := b.keys[get(one.Headers, "ce_keyid")]
	if err != nil || err2 != nil || known == nil || known.added >= position {
		b.fault(where, "no such key at its admission")
		return
	}
	if known.revoked && known.revokedAt < position || appended < known.from || known.to != 0 && appended >= known.to {
		b.fault(where, "a key that was not valid")
	}
	if !signed(leaf, one.Headers, known.public) {
		b.fault(where, "not signed by its author")
	}
	source, _, _ := strings.Cut(get(one.Headers, "ce_source"), "/")
	if one.Value != nil && !b.may(known.agency, source, get(one.Headers, "ce_type"), position) {
		b.fault(where, "signed by who may not")
	}
}

// Files --------------------------------------------------------------------------------------

func strict(line []byte, into any) error {
	reader := json.NewDecoder(bytes.NewReader(line))
	reader.DisallowUnknownFields()
	return reader.Decode(into)
}

func (b *bundle) lines(name string) [][]byte {
	body := bytes.TrimSuffix(b.files[name], []byte("\n"))
	if len(body) == 0 {
		return nil
	}
	return bytes.Split(body, []byte("\n"))
}

func (b *bundle) manifest() string {
	var said struct {
		Format, Case, Digest string
		Files                map[string]string
	}
	if err := strict(b.files["manifest.json"], &said); err != nil || said.Format != "casebus evidence v1" {
		b.fault("manifest.json", "of no known form")
	}
	for name, digest := range said.Files {
		body, ok := b.files[name]
		if !ok || hex.EncodeToString(hash(body)) != digest {
			b.fault(name, "not as the manifest has it")
		}
	}
	for name := range b.files {
		if _, ok := said.Files[name]; !ok && name != "manifest.json" {
			b.fault(name, "not in the manifest")
		}
	}
	return said.Case
}

func (b *bundle) readSchemas() {
	for at, line := range b.lines("schemas.jsonl") {
		var one schema
		if err := strict(line, &one); err != nil || hex.EncodeToString(hash([]byte(one.Text))) != one.Digest {
			b.fault(fmt.Sprintf("schemas.jsonl line %d", at+1), "not the text of its digest")
			continue
		}
		b.schemas[one.ID] = one
	}
}

func (b *bundle) paths() map[[3]uint64][][]byte {
	found := map[[3]uint64][][]byte{}
	for at, line := range b.lines("proofs.jsonl") {
		var one proof
		if err := strict(line, &one); err != nil {
			b.fault(fmt.Sprintf("proofs.jsonl line %d", at+1), "%v", err)
			continue
		}
		path := [][]byte{}
		for _, text := range one.Path {
			raw, err := hex.DecodeString(text)
			if err != nil || len(raw) != sha256.Size {
				b.fault(fmt.Sprintf("proofs.jsonl line %d", at+1), "no hash")
			}
			path = append(path, raw)
		}
		found[[3]uint64{one.Epoch, one.Partition, one.Index}] = path
	}
	return found
}

func open(name, root string) (*bundle, error) {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	b := &bundle{root: root, files: map[string][]byte{}, schemas: map[uint32]schema{}, keys: map[string]*key{}, heads: map[[2]uint64]head{}}
	for _, one := range archive.File {
		reader, err := one.Open()
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(reader)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.Name, err)
		}
		b.files[one.Name] = body
	}
	return b, nil
}

func main() {
	b, err := open(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	stream := b.manifest()
	b.readSchemas()
	b.directory()
	b.readHeads()
	paths := b.paths()
	count := b.records("records.jsonl", paths, stream)
	for at, line := range b.lines("relays.jsonl") {
		// Statements of the router stand as leaves, and are of no case.
		if bytes.Contains(line, []byte(`"value"`)) {
			b.fault(fmt.Sprintf("relays.jsonl line %d", at+1), "given whole")
		}
	}
	relays := b.records("relays.jsonl", paths, stream)
	if len(b.faults) > 0 {
		fmt.Println(strings.Join(b.faults, "\n"))
		os.Exit(1)
	}
	fmt.Printf("ok %d records %d relays %d heads\n", count, relays, len(b.heads))
}
