// Package capture plays recorded sessions of venues and compares what comes out
// with what is expected.
//
// A Capture is one recorded session: its frames in the order of their receipt.
// A Session feeds frames to the venue's decoder and the events to real books;
// Verify does so for a whole capture and compares. A folder of captures is
// hostile until checked: every file is compared with both sums of the manifest
// before a byte of it is used.
package capture

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Limits on a folder of captures.
const (
	maxManifest = 16 << 20
	maxFiles    = 64        // of one capture; the most seen is 3
	maxRaw      = 256 << 20 // bytes of one capture, inflated; the most seen is 5 MiB
)

// File is one file of a capture.
type File struct {
	Path      string `json:"file"`
	RawBytes  int64  `json:"bytes_raw"`
	ZstBytes  int64  `json:"bytes_zst"`
	RawSHA256 string `json:"sha256_raw"`
	ZstSHA256 string `json:"sha256_zst"`
}

// Entry is one capture of a manifest.
type Entry struct {
	ID           string         `json:"id"`
	Handler      string         `json:"handler"`
	Messages     int            `json:"messages"`
	MessageKinds map[string]int `json:"message_kinds"`
	Files        []File         `json:"files"`
	Expected     string         `json:"expected"`
}

// Name is the last part of the capture's id: "okcoin_v5" of "2023-05-27/okcoin_v5".
func (e *Entry) Name() string { return path.Base(e.ID) }

// Folder is a folder of captures.
type Folder struct {
	dir     *os.Root
	Entries []Entry // those with messages, in the manifest's order
}

// Open reads DIR/manifest.json. Close the folder after use.
func Open(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("capture: open folder: %w", err)
	}
	f := &Folder{dir: root}
	if err := f.readManifest(); err != nil {
		root.Close()
		return nil, err
	}
	return f, nil
}

// Close closes the folder.
func (f *Folder) Close() error { return f.dir.Close() }

// Entry returns the capture with an id.
func (f *Folder) Entry(id string) (*Entry, bool) {
	for i := range f.Entries {
		if f.Entries[i].ID == id {
			return &f.Entries[i], true
		}
	}
	return nil, false
}

func (f *Folder) readManifest() error {
	b, err := f.read("manifest.json", maxManifest)
	if err != nil {
		return fmt.Errorf("capture: read manifest: %w", err)
	}
	var all []Entry
	if err := json.Unmarshal(b, &all); err != nil {
		return fmt.Errorf("capture: manifest: %w", err)
	}
	seen := map[string]bool{}
	for _, e := range all {
		if e.Messages == 0 {
			continue // instrument lists without a session
		}
		if err := e.check(); err != nil {
			return err
		}
		if seen[e.ID] {
			return fmt.Errorf("capture: manifest: %q is listed twice", e.ID)
		}
		seen[e.ID] = true
		f.Entries = append(f.Entries, e)
	}
	return nil
}

func (e *Entry) check() error {
	if e.ID == "" || !fs.ValidPath(e.ID) || len(e.Files) == 0 || len(e.Files) > maxFiles {
		return fmt.Errorf("capture: manifest: entry %q: want an id and 1 to %d files", e.ID, maxFiles)
	}
	if e.Expected != "" && (strings.Contains(e.Expected, "/") || !fs.ValidPath(e.Expected)) {
		return fmt.Errorf("capture: manifest: %s: expected %q is no file name", e.ID, e.Expected)
	}
	left := int64(maxRaw)
	for _, f := range e.Files {
		left -= min(max(f.RawBytes, 0), maxRaw)
		if !fs.ValidPath(f.Path) || f.RawBytes < 0 || left < 0 || f.ZstBytes < 0 || f.ZstBytes > maxRaw {
			return fmt.Errorf("capture: manifest: %s: file %q: bad path or size", e.ID, f.Path)
		}
	}
	return nil
}

// read returns a file of at most limit bytes. Names cannot leave the folder.
func (f *Folder) read(name string, limit int64) ([]byte, error) {
	file, err := f.dir.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s is above %d bytes", name, limit)
	}
	return b, err
}

// SumError reports a file that is not what the manifest says. The cure is to
// fetch the capture again.
type SumError struct{ File, What string }

func (e *SumError) Error() string {
	return fmt.Sprintf("capture: %s: %s differs from the manifest", e.File, e.What)
}

// load returns the inflated bytes of a file, both sums checked.
func (f *Folder) load(file File) ([]byte, error) {
	packed, err := f.read(file.Path, file.ZstBytes)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	if !isWhole(packed, file.ZstBytes, file.ZstSHA256) {
		return nil, &SumError{file.Path, "sha256_zst"}
	}
	zr, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxMemory(maxRaw))
	if err != nil {
		return nil, fmt.Errorf("capture: %s: %w", file.Path, err)
	}
	defer zr.Close()
	raw, err := io.ReadAll(io.LimitReader(zr, file.RawBytes+1))
	if err != nil {
		return nil, fmt.Errorf("capture: %s: %w", file.Path, err)
	}
	if !isWhole(raw, file.RawBytes, file.RawSHA256) {
		return nil, &SumError{file.Path, "sha256_raw"}
	}
	return raw, nil
}

func isWhole(b []byte, size int64, want string) bool {
	sum := sha256.Sum256(b)
	return int64(len(b)) == size && hex.EncodeToString(sum[:]) == want
}
