#!/bin/sh
# Makes the embedded clips clip1.mp4 and clip2.mp4 beside this script.
# Needs ffmpeg 5.1 or later with libx264, and the font DejaVu (Debian: fonts-dejavu-core).
#
# Each clip lasts 8 s exactly: 240 frames at 30 fps and 375 AAC frames of 1024 samples at 48 kHz. Everything that
# moves or sounds has a period that divides 8 s, so that the end meets the beginning.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mono=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf
sans=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf
ff="ffmpeg -hide_banner -loglevel error -nostdin -y"

# The running time as SS.CC, from the frame's number, which is an integer where t is not.
clock='%{eif\:trunc(n/30)\:d\:2}.%{eif\:trunc(mod(n,30)*100/30)\:d\:2}'

# No B frames, so that decoding order is display order and a decoder holds nothing back; key frames every 2 s.
encode="-frames:v 240 -c:v libx264 -preset veryslow -tune animation -profile:v high -pix_fmt yuv420p -bf 0 -refs 2
	-g 60 -keyint_min 60 -sc_threshold 0 -crf 24 -maxrate 700k -bufsize 700k
	-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv"

# A drifting aurora, and a ball that hits the ground every second, when the note sounds.
ball='color=black:s=72x72:r=30,format=rgba,geq=
	r=255:g=190-60*hypot(X-24\,Y-20)/36:b=clip(70-50*hypot(X-24\,Y-20)/36\,0\,255):a=255*clip(36-hypot(X-35.5\,Y-35.5)\,0\,1)'
shadow='color=black:s=96x16:r=30,format=rgba,geq=r=0:g=0:b=10:a=130*clip(1.3-hypot((X-47.5)/48\,(Y-7.5)/8)*1.3\,0\,1)'
bar='color=0xffb347:s=640x5:r=30,format=rgba'
$ff -f lavfi -i 'color=black:s=160x90:r=30' -f lavfi -i "$shadow" -f lavfi -i "$ball" -f lavfi -i "$bar" -filter_complex "
	[0]format=gbrp,geq=
		r='clip(44+30*sin(X/34+PI*T/4)+28*sin((X+Y)/46-PI*T/2),0,255)':
		g='clip(70+45*sin(Y/26-PI*T/4)+30*sin(X/30+PI*T/2),0,255)':
		b='clip(140+55*sin((X-Y)/40+PI*T/4)+35*sin(Y/18+PI*T/4),0,255)',
	scale=640:360:flags=bicubic,
	drawtext=fontfile=$sans:text='CAM 1':x=24:y=22:fontsize=26:fontcolor=white@0.9,
	drawtext=fontfile=$sans:text='livews':x=w-tw-24:y=22:fontsize=26:fontcolor=white@0.55,
	drawtext=fontfile=$mono:text='$clock':x=(w-tw)/2:y=122:fontsize=108:fontcolor=white:shadowcolor=0x081830@0.5:shadowx=3:shadowy=3,
	format=gbrp[back];
	[back][1]overlay=x='12+520*abs(mod(t/4+0.5,2)-1)':y=322:format=gbrp[ground];
	[ground][2]overlay=x='24+520*abs(mod(t/4+0.5,2)-1)':y='256-840*mod(t,1)*(1-mod(t,1))':format=gbrp[bounce];
	[bounce][3]overlay=x='80*t-640':y=355:format=gbrp,format=yuv420p" $encode "$work/video1.mp4"

# A slow sunburst at dusk, and a hand that goes round once a second.
ring='color=black:s=260x260:r=30,format=rgba,geq=
	r=255:g=236:b=214:a=90*clip(3-abs(hypot(X-129.5\,Y-129.5)-124)\,0\,1)+70*clip(122-hypot(X-129.5\,Y-129.5)\,0\,1)*lt(hypot(X-129.5\,Y-129.5)\,122)'
dot='color=black:s=28x28:r=30,format=rgba,geq=r=255:g=250:b=235:a=255*clip(13-hypot(X-13.5\,Y-13.5)\,0\,1)'
$ff -f lavfi -i 'color=black:s=320x180:r=30' -f lavfi -i "$ring" -f lavfi -i "$dot" -f lavfi -i "$bar" -filter_complex "
	[0]format=gbrp,geq=
		r='clip(205-0.35*hypot(X-160,Y-90)+30*sin(12*atan2(Y-90,X-160)+PI*T/2)*clip(hypot(X-160,Y-90)/90,0,1),0,255)':
		g='clip(118-0.55*hypot(X-160,Y-90)+34*sin(12*atan2(Y-90,X-160)+PI*T/2)*clip(hypot(X-160,Y-90)/90,0,1),0,255)':
		b='clip(92+18*sin(hypot(X-160,Y-90)/22-PI*T/2)+0.12*Y,0,255)',
	scale=640:360:flags=bicubic,format=gbrp[back];
	[1]format=rgba[ring];
	[back][ring]overlay=x=190:y=50:format=gbrp,
	drawtext=fontfile=$sans:text='CAM 2':x=24:y=22:fontsize=26:fontcolor=white@0.9,
	drawtext=fontfile=$sans:text='livews':x=w-tw-24:y=22:fontsize=26:fontcolor=white@0.55,
	drawtext=fontfile=$mono:text='$clock':x=(w-tw)/2:y=(h-th)/2:fontsize=58:fontcolor=0x3a1030,
	format=gbrp[dial];
	[dial][2]overlay=x='306+124*sin(2*PI*t)':y='166-124*cos(2*PI*t)':format=gbrp[hand];
	[hand][3]overlay=x='80*t-640':y=355:format=gbrp,format=yuv420p" $encode "$work/video2.mp4"

# One soft note a second, from the array of semitones above the base note.
# Two periods more than are kept: the encoder's first frames differ, because nothing comes before them.
note() { # base frequency, semitones, decay
	echo "aevalsrc=s=48000:d=24:exprs='
		st(0,mod(t,1));st(1,mod(floor(t),8));st(2,2*PI*$1*pow(2,($2)/12)*ld(0));
		0.14*(sin(ld(2))+0.25*sin(3*ld(2))*exp(-9*ld(0)))*exp(-$3*ld(0))*min(1,ld(0)*60)*(1-ld(0))'"
}
melody1='4*eq(ld(1),1)+7*eq(ld(1),2)+9*eq(ld(1),3)+12*eq(ld(1),4)+9*eq(ld(1),5)+7*eq(ld(1),6)+4*eq(ld(1),7)'
melody2='7*eq(ld(1),1)+3*eq(ld(1),2)+10*eq(ld(1),3)+7*eq(ld(1),4)+12*eq(ld(1),5)+3*eq(ld(1),6)-2*eq(ld(1),7)'
$ff -f lavfi -i "$(note 523.25 "$melody1" 6)" -c:a aac -b:a 64k "$work/audio1.mp4"
$ff -f lavfi -i "$(note 220 "$melody2" 4)" -c:a aac -b:a 64k "$work/audio2.mp4"

for n in 1 2; do
	# The second period of the sound, cut between AAC frames: its first frame overlaps with one like its last.
	$ff -i "$work/video$n.mp4" -ss 8 -i "$work/audio$n.mp4" -map 0:v -map 1:a -c copy -frames:a 375 \
		-use_editlist 0 -fflags +bitexact -map_metadata -1 -video_track_timescale 15360 \
		-movflags +cmaf+frag_every_frame+separate_moof+skip_trailer -f mp4 "clip$n.mp4"
done
ls -l clip?.mp4
