package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// What is generated in docs/ is what the code says now.
func TestDocsAreCurrent(t *testing.T) {
	for name, make := range generated {
		have, err := os.ReadFile(filepath.Join(root, "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := replaceGenerated(have, make(newRoot()))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("docs/%s is not what the code says: run make docs", name)
		}
	}
}

// Every shell block of README.md and docs/ runs, one after the other, beside a
// started server.
func TestDocsRun(t *testing.T) {
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s to run the documentation with", tool)
		}
	}
	p := start(t, "--dev")
	p.await(t, "ready in ")
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(absolute(t, filepath.Join(root, "docs")), filepath.Join(dir, "docs")); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, file := range append(files, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range shellBlocks(string(text)) {
			runBlock(t, p, dir, file, block)
			ran++
		}
	}
	if ran < 6 {
		t.Errorf("only %d blocks ran", ran)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// shellBlocks returns the code blocks marked sh.
func shellBlocks(text string) []string {
	var blocks []string
	for _, part := range strings.Split(text, "```sh\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	return blocks
}

// runBlock runs a block with the addresses of p and the binary under test.
func runBlock(t *testing.T, p *process, dir, file, block string) {
	t.Helper()
	block = strings.NewReplacer(
		"http://127.0.0.1:8080", p.api, "http://127.0.0.1:8081", p.admin, "127.0.0.1:9092", p.kafka,
	).Replace(block)
	c := exec.CommandContext(t.Context(), "sh", "-euc", block)
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"), "CHRONOS_URL="+p.api)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s\n%s", file, err, block, out)
	}
}
