package ingress

import (
	"encoding/binary"
	"io"
	"math"
	"os"
)

// fileKind is what a file of a folder holds, by its boxes.
type fileKind int

const (
	otherFile   fileKind = iota
	initFile             // a moov without media, so far
	mediaFile            // media that wants an init segment from elsewhere
	initialised          // a moov with media behind it
)

const (
	// maxFileBoxes bounds the boxes of a file that are looked at.
	maxFileBoxes = 1 << 20
	// maxFolderFile is the size of the largest file that is read.
	maxFolderFile = 4 << 30
)

// contents is what the boxes of the outermost level say of a file.
type contents struct {
	kind fileKind
	// moov is where the only moov ends; 0 where there is none, or another one.
	moov int64
	// end is where what belongs together ends: no moof lies before it without its media.
	end int64
	// whole says that nothing comes after end, and ended that nothing ever will. A file
	// that is whole may yet go on.
	whole, ended bool
}

// survey looks at the boxes of the outermost level of a file.
func survey(f io.ReaderAt, size int64) (contents, error) {
	var (
		c            contents
		moovs, media int
		open         = true // what is in front of a moov or mdat has come, and that has not
	)
	for at, n := int64(0), 0; at < size && n < maxFileBoxes; n++ {
		typ, length, err := boxAt(f, at, size)
		if err != nil {
			return contents{}, err
		}
		if length == 0 {
			c.whole = true // more of it would make it no better
			return c, nil
		}
		switch typ {
		case "moov":
			moovs, c.moov = moovs+1, at+length
		case "moof", "mdat":
			media++
		}
		c.kind = kindOf(moovs > 0, media > 0)
		if length > size-at {
			break
		}
		at += length
		switch typ {
		case "moof", "prft", "emsg", "styp", "sidx", "ssix", "ftyp":
			open = true
		case "moov", "mdat", "mfra":
			open = false
		}
		if !open {
			c.end, c.whole, c.ended = at, at == size, typ == "mfra"
		}
	}
	c.whole = c.whole && c.kind != otherFile
	if moovs != 1 || c.moov > size {
		c.moov = 0
	}
	return c, nil
}

// boxAt returns the type and length of a box (ISO/IEC 14496-12, 4.2). The length is 0 where
// there can be none, and more than there is where the file does not hold all of it.
func boxAt(f io.ReaderAt, at, size int64) (typ string, length int64, err error) {
	var head [16]byte
	n := min(int64(len(head)), size-at)
	if _, err := f.ReadAt(head[:n], at); err != nil && err != io.EOF {
		return "", 0, err
	}
	if n < 8 {
		return "", math.MaxInt64, nil
	}
	least := int64(8)
	switch length = int64(binary.BigEndian.Uint32(head[:])); length {
	case 0:
		length = size - at
	case 1:
		length, least = int64(binary.BigEndian.Uint64(head[8:])), 16
		if n < least {
			return "", math.MaxInt64, nil
		}
	}
	if length < least || !isFourCC(head[4:8]) {
		return "", 0, nil
	}
	return string(head[4:8]), length, nil
}

func kindOf(moov, media bool) fileKind {
	switch {
	case moov && media:
		return initialised
	case moov:
		return initFile
	case media:
		return mediaFile
	}
	return otherFile
}

func isFourCC(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// surveyFile surveys a file as it is now.
func surveyFile(path string, size int64) (contents, error) {
	file, err := os.Open(path)
	if err != nil {
		return contents{}, err
	}
	defer file.Close()
	return survey(file, size)
}
