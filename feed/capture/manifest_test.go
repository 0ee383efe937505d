package capture

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// write writes a file of a folder of captures.
func write(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// pack writes a file of a capture and returns how a manifest describes it.
func pack(t *testing.T, dir, name, raw string) File {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := w.EncodeAll([]byte(raw), nil)
	write(t, dir, name, packed)
	return File{Path: name, RawBytes: int64(len(raw)), ZstBytes: int64(len(packed)),
		RawSHA256: sum([]byte(raw)), ZstSHA256: sum(packed)}
}

// made returns a folder with the given captures.
func made(t *testing.T, dir string, entries ...Entry) *Folder {
	t.Helper()
	b, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "manifest.json", b)
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestOpenRefuses(t *testing.T) {
	file := `{"file":"raw/a.zst","bytes_raw":1,"bytes_zst":1}`
	tests := []struct{ name, manifest, want string }{
		{"text that is no JSON", `{`, "manifest"},
		{"an object", `{}`, "manifest"},
		{"a number of text", `[{"id":"a","messages":"1"}]`, "manifest"},
		{"no id", `[{"messages":1,"files":[` + file + `]}]`, "want an id"},
		{"an id that leaves the folder", `[{"id":"../a","messages":1,"files":[` + file + `]}]`, "want an id"},
		{"no files", `[{"id":"a","messages":1}]`, "1 to 64 files"},
		{"too many files", `[{"id":"a","messages":1,"files":[` + file + strings.Repeat(","+file, maxFiles) + `]}]`,
			"1 to 64 files"},
		{"a path that leaves the folder", `[{"id":"a","messages":1,"files":[{"file":"../a.zst"}]}]`, "bad path"},
		{"an absolute path", `[{"id":"a","messages":1,"files":[{"file":"/a.zst"}]}]`, "bad path"},
		{"a size below zero", `[{"id":"a","messages":1,"files":[{"file":"a","bytes_raw":-1}]}]`, "bad path or size"},
		{"a packed size below zero", `[{"id":"a","messages":1,"files":[{"file":"a","bytes_zst":-1}]}]`, "bad path or size"},
		{"a packed size beyond bounds", `[{"id":"a","messages":1,"files":[{"file":"a","bytes_zst":268435457}]}]`,
			"bad path or size"},
		{"files too large together", `[{"id":"a","messages":1,"files":[{"file":"a","bytes_raw":268435456},` +
			`{"file":"b","bytes_raw":1}]}]`, `"b": bad path or size`},
		{"expectations elsewhere", `[{"id":"a","messages":1,"expected":"../a.json","files":[` + file + `]}]`, "no file name"},
		{"an id twice", `[{"id":"a","messages":1,"files":[` + file + `]},{"id":"a","messages":1,"files":[` + file + `]}]`,
			"listed twice"},
		{"a manifest beyond bounds", strings.Repeat(" ", maxManifest+1), "above"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "manifest.json", []byte(tt.manifest))
			if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open: %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestOpenNeedsAFolderWithAManifest(t *testing.T) {
	for _, dir := range []string{filepath.Join(t.TempDir(), "none"), t.TempDir()} {
		if _, err := Open(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Open(%q) = %v, want that it does not exist", dir, err)
		}
	}
}

func TestEntriesWithoutMessagesAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	a := pack(t, dir, "raw/a.zst", "1.0: {}")
	f := made(t, dir, Entry{ID: "2020-01-01/a", Messages: 1, Files: []File{a}}, Entry{ID: "meta", Files: nil})
	if len(f.Entries) != 1 || f.Entries[0].Name() != "a" {
		t.Errorf("entries %+v, want a alone", f.Entries)
	}
	if e, ok := f.Entry("2020-01-01/a"); !ok || e != &f.Entries[0] {
		t.Errorf("Entry = %v, %v; want the first", e, ok)
	}
	if e, ok := f.Entry("meta"); ok {
		t.Errorf("Entry(meta) = %v, want none", e)
	}
}

func TestLoadMergesFilesByTime(t *testing.T) {
	dir := t.TempDir()
	f := made(t, dir, Entry{ID: "x", Messages: 1, Files: []File{
		pack(t, dir, "raw/a.zst", "2.0: a2\n4.0: a4\n4.0: a4b\n"),
		pack(t, dir, "raw/b.zst", "1.0: b1\n4.0: b4\n3.0: b3\n"),
	}})
	frames, err := f.Load(&f.Entries[0])
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, fr := range frames {
		got = append(got, string(fr.Body)+"/"+string(rune('0'+fr.Conn)))
	}
	if want := "b1/1 a2/0 b3/1 a4/0 a4b/0 b4/1"; strings.Join(got, " ") != want {
		t.Errorf("order %v, want %s", got, want)
	}
}

func TestLoadTrustsNoFile(t *testing.T) {
	const raw = "1.0: {}\n"
	tests := []struct {
		name   string
		damage func(t *testing.T, dir string, f *File)
		want   string
	}{
		{"a packed byte flipped", func(t *testing.T, dir string, f *File) {
			b, _ := os.ReadFile(filepath.Join(dir, f.Path))
			b[len(b)-1] ^= 1
			write(t, dir, f.Path, b)
		}, "sha256_zst differs"},
		{"other text than the manifest says", func(_ *testing.T, _ string, f *File) { f.RawSHA256 = sum([]byte("y")) },
			"sha256_raw differs"},
		{"more text than the manifest says", func(_ *testing.T, _ string, f *File) { f.RawBytes-- }, "sha256_raw differs"},
		{"a shorter file than the manifest says", func(_ *testing.T, _ string, f *File) { f.ZstBytes++ },
			"sha256_zst differs"},
		{"a longer file than the manifest says", func(_ *testing.T, _ string, f *File) { f.ZstBytes-- }, "above"},
		{"a file that is not there", func(_ *testing.T, _ string, f *File) { f.Path = "raw/none.zst" }, "no such file"},
		{"a link out of the folder", func(t *testing.T, dir string, f *File) {
			outside := t.TempDir()
			pack(t, outside, "a.zst", raw)
			if err := os.Symlink(filepath.Join(outside, "a.zst"), filepath.Join(dir, "raw", "link.zst")); err != nil {
				t.Skip(err)
			}
			f.Path = "raw/link.zst"
		}, "raw/link.zst"},
		{"a file that is not zstd", func(t *testing.T, dir string, f *File) {
			b := bytes.Repeat([]byte("x"), int(f.ZstBytes))
			write(t, dir, f.Path, b)
			f.ZstSHA256 = sum(b)
		}, "magic number"},
		{"a line that is none", func(t *testing.T, dir string, f *File) { *f = pack(t, dir, f.Path, "hello\n") }, "line 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			file := pack(t, dir, "raw/a.zst", raw)
			tt.damage(t, dir, &file)
			f := made(t, dir, Entry{ID: "x", Messages: 1, Files: []File{file}})
			frames, err := f.Load(&f.Entries[0])
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load = %v, %v; want an error with %q", frames, err, tt.want)
			}
			var damaged *SumError
			if strings.Contains(tt.want, "sha256") && !errors.As(err, &damaged) {
				t.Errorf("error of type %T, want a *SumError", err)
			}
		})
	}
}
