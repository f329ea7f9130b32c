package dash

import (
	"bytes"
	"io"
	"testing"

	"github.com/abema/go-mp4"
)

// refSample is a sample as the reference reader sees it.
type refSample struct {
	time        uint64
	composition int64
	duration    uint32
	nonSync     bool
	data        string
}

// reference is a reader of whole fragmented files, written against go-mp4 and
// the standard alone: it shares nothing with what it checks.
type reference struct {
	t       testing.TB
	file    []byte
	trex    map[uint32]mp4.Trex
	next    map[uint32]uint64
	samples map[uint32][]refSample
}

// readReference returns the samples of every track of a file.
func readReference(t testing.TB, file []byte) map[uint32][]refSample {
	t.Helper()
	r := &reference{
		t: t, file: file,
		trex: map[uint32]mp4.Trex{}, next: map[uint32]uint64{}, samples: map[uint32][]refSample{},
	}
	in := bytes.NewReader(file)
	for offset := int64(0); offset < int64(len(file)); {
		if _, err := in.Seek(offset, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		info, err := mp4.ReadBoxInfo(in)
		if err != nil {
			t.Fatalf("reference: box at %d: %v", offset, err)
		}
		switch info.Type.String() {
		case "moov":
			r.next = map[uint32]uint64{}
			for _, b := range r.extract(in, info, mp4.BoxPath{mp4.BoxTypeMvex(), mp4.BoxTypeTrex()}) {
				trex := b.Payload.(*mp4.Trex)
				r.trex[trex.TrackID] = *trex
			}
		case "moof":
			r.moof(in, info)
		}
		offset += int64(info.Size)
	}
	return r.samples
}

func (r *reference) extract(in io.ReadSeeker, parent *mp4.BoxInfo, path mp4.BoxPath) []*mp4.BoxInfoWithPayload {
	r.t.Helper()
	boxes, err := mp4.ExtractBoxWithPayload(in, parent, path)
	if err != nil {
		r.t.Fatalf("reference: %v in %v at %d: %v", path, parent.Type, parent.Offset, err)
	}
	return boxes
}

func (r *reference) moof(in io.ReadSeeker, moof *mp4.BoxInfo) {
	trafs, err := mp4.ExtractBox(in, moof, mp4.BoxPath{mp4.BoxTypeTraf()})
	if err != nil {
		r.t.Fatal(err)
	}
	base := int64(moof.Offset)
	for _, traf := range trafs {
		base = r.traf(in, traf, int64(moof.Offset), base)
	}
}

func (r *reference) traf(in io.ReadSeeker, traf *mp4.BoxInfo, moof, base int64) int64 {
	tfhd := r.extract(in, traf, mp4.BoxPath{mp4.BoxTypeTfhd()})[0].Payload.(*mp4.Tfhd)
	id, flags := tfhd.TrackID, tfhd.GetFlags()
	if flags&0x020000 != 0 {
		base = moof
	}
	if flags&1 != 0 {
		base = int64(tfhd.BaseDataOffset)
	}
	def := r.trex[id]
	if flags&8 != 0 {
		def.DefaultSampleDuration = tfhd.DefaultSampleDuration
	}
	if flags&0x10 != 0 {
		def.DefaultSampleSize = tfhd.DefaultSampleSize
	}
	if flags&0x20 != 0 {
		def.DefaultSampleFlags = tfhd.DefaultSampleFlags
	}
	for _, b := range r.extract(in, traf, mp4.BoxPath{mp4.BoxTypeTfdt()}) {
		r.next[id] = b.Payload.(*mp4.Tfdt).GetBaseMediaDecodeTime()
	}
	end := base
	for _, b := range r.extract(in, traf, mp4.BoxPath{mp4.BoxTypeTrun()}) {
		end = r.trun(id, b.Payload.(*mp4.Trun), base, end, def)
	}
	return end
}

func (r *reference) trun(id uint32, trun *mp4.Trun, base, end int64, def mp4.Trex) int64 {
	flags := trun.GetFlags()
	if flags&1 != 0 {
		end = base + int64(trun.DataOffset)
	}
	for i := range int(trun.SampleCount) {
		duration, size, sampleFlags := def.DefaultSampleDuration, def.DefaultSampleSize, def.DefaultSampleFlags
		if i == 0 && flags&4 != 0 {
			sampleFlags = trun.FirstSampleFlags
		}
		var composition int64
		if flags&0xf00 != 0 {
			e := trun.Entries[i]
			if flags&0x100 != 0 {
				duration = e.SampleDuration
			}
			if flags&0x200 != 0 {
				size = e.SampleSize
			}
			if flags&0x400 != 0 {
				sampleFlags = e.SampleFlags
			}
			if flags&0x800 != 0 {
				composition = trun.GetSampleCompositionTimeOffset(i)
			}
		}
		var data string
		if size > 0 {
			data = string(r.file[end : end+int64(size)])
		}
		r.samples[id] = append(r.samples[id], refSample{
			time: r.next[id], composition: composition, duration: duration,
			nonSync: sampleFlags&0x10000 != 0,
			data:    data,
		})
		r.next[id] += uint64(duration)
		end += int64(size)
	}
	return end
}
