//+------------------------------------------------------------------+
//|                                                        Files.mqh |
//| Measure FileMove, the sharing of an open file, and its size that |
//| another handle sees. A move that takes about as long as a copy   |
//| is taken for a copy.                                             |
//+------------------------------------------------------------------+
#include "Report.mqh"

#define PROBE_FILE "ExecutionOfficer-probe.tmp"
#define PROBE_TARGET "ExecutionOfficer-probe-target.tmp"
#define PROBE_FILE_BYTES 64
#define PROBE_BIG_BYTES 16777216
#define PROBE_COPY_US 2000        // a faster copy cannot be compared
//+------------------------------------------------------------------+
//| Write a file of equal bytes; return false on failure.            |
//+------------------------------------------------------------------+
bool ProbeMakeFile(const string name,const int size,const int value)
  {
   uchar bytes[];
   ArrayResize(bytes,size);
   ArrayInitialize(bytes,(uchar)value);
   int file=FileOpen(name,FILE_WRITE|FILE_BIN);
   if(file==INVALID_HANDLE)
      return(false);
   uint written=FileWriteArray(file,bytes,0,size);
   FileFlush(file);
   FileClose(file);
   return(written==(uint)size);
  }
//+------------------------------------------------------------------+
//| Return a file's size; -1 where it cannot be read.                |
//+------------------------------------------------------------------+
long ProbeFileSize(const string name)
  {
   int file=FileOpen(name,FILE_READ|FILE_BIN|FILE_SHARE_READ|FILE_SHARE_WRITE);
   if(file==INVALID_HANDLE)
      return(-1);
   long size=(long)FileSize(file);
   FileClose(file);
   return(size);
  }
//+------------------------------------------------------------------+
//| Return 1 where a move takes as long as a copy, 0 where it is     |
//| faster, -1 where the copy was too fast to measure.               |
//+------------------------------------------------------------------+
int ProbeMoveCopies(const long copy_us,const long move_us)
  {
   if(copy_us<PROBE_COPY_US)
      return(-1);
   return((2*move_us>copy_us) ? 1 : 0);
  }
//+------------------------------------------------------------------+
//| Move onto an existing file with and without FILE_REWRITE, and    |
//| while the target is open.                                        |
//+------------------------------------------------------------------+
void ProbeMoveRules(CProbeReport &report)
  {
   bool made=(ProbeMakeFile(PROBE_FILE,PROBE_FILE_BYTES,1) && ProbeMakeFile(PROBE_TARGET,2*PROBE_FILE_BYTES,2));
   bool plain=(made && FileMove(PROBE_FILE,0,PROBE_TARGET,0));
   report.Note("file_move_onto_another",plain ? "done" : "refused");
   made=ProbeMakeFile(PROBE_FILE,PROBE_FILE_BYTES,1);
   int held=FileOpen(PROBE_TARGET,FILE_READ|FILE_BIN|FILE_SHARE_READ|FILE_SHARE_WRITE);
   ResetLastError();
   bool onto_open=(made && FileMove(PROBE_FILE,0,PROBE_TARGET,FILE_REWRITE));
   report.Note("file_move_onto_an_open_one",onto_open ? "done" : "refused");
   report.Measure("file_move_onto_an_open_one_error",GetLastError());
   if(held!=INVALID_HANDLE)
      FileClose(held);
   made=ProbeMakeFile(PROBE_FILE,PROBE_FILE_BYTES,1);
   bool moved=(made && FileMove(PROBE_FILE,0,PROBE_TARGET,FILE_REWRITE));
   report.Note("file_move_rewrite",moved ? "done" : "refused");
   report.Measure("file_move_target_bytes",ProbeFileSize(PROBE_TARGET));
   report.Note("file_move_source",FileIsExist(PROBE_FILE) ? "stays" : "is gone");
  }
//+------------------------------------------------------------------+
//| Time a copy and a move of the same large file.                   |
//+------------------------------------------------------------------+
void ProbeMoveTimes(CProbeReport &report)
  {
   if(!ProbeMakeFile(PROBE_FILE,PROBE_BIG_BYTES,3))
     {
      report.Note("file_move","a file of 16 MB cannot be written");
      return;
     }
   long start_us=(long)GetMicrosecondCount();
   bool copied=FileCopy(PROBE_FILE,0,PROBE_TARGET,FILE_REWRITE);
   long copied_us=(long)GetMicrosecondCount();
   bool moved=FileMove(PROBE_FILE,0,PROBE_TARGET,FILE_REWRITE);
   long moved_us=(long)GetMicrosecondCount();
   report.Measure("file_copy_us",copied_us-start_us);
   report.Measure("file_move_us",moved_us-copied_us);
   int copies=(copied && moved) ? ProbeMoveCopies(copied_us-start_us,moved_us-copied_us) : -1;
   if(copies>=0)
      report.Flag("file_move_copies",copies==1);
  }
//+------------------------------------------------------------------+
//| Measure the bytes that another handle sees before and after a    |
//| flush.                                                           |
//+------------------------------------------------------------------+
void ProbeUnflushed(CProbeReport &report)
  {
   uchar bytes[];
   ArrayResize(bytes,PROBE_FILE_BYTES);
   ArrayInitialize(bytes,4);
   FileDelete(PROBE_FILE);
   int file=FileOpen(PROBE_FILE,FILE_READ|FILE_WRITE|FILE_BIN|FILE_SHARE_READ|FILE_SHARE_WRITE);
   if(file==INVALID_HANDLE)
      return;
   uint written=FileWriteArray(file,bytes,0,PROBE_FILE_BYTES);
   report.Measure("unflushed_bytes",(long)written);
   report.Measure("unflushed_bytes_seen",ProbeFileSize(PROBE_FILE));
   FileFlush(file);
   report.Measure("flushed_bytes_seen",ProbeFileSize(PROBE_FILE));
   FileClose(file);
  }
//+------------------------------------------------------------------+
//| Try to read and to write a file that is open as the ledger is.   |
//+------------------------------------------------------------------+
void ProbeSharing(CProbeReport &report)
  {
   int held=FileOpen(PROBE_FILE,FILE_READ|FILE_WRITE|FILE_BIN|FILE_SHARE_READ);
   if(held==INVALID_HANDLE)
      return;
   int writer=FileOpen(PROBE_FILE,FILE_READ|FILE_WRITE|FILE_BIN|FILE_SHARE_READ);
   int reader=FileOpen(PROBE_FILE,FILE_READ|FILE_BIN|FILE_SHARE_READ|FILE_SHARE_WRITE);
   report.Note("file_shared_second_writer",(writer==INVALID_HANDLE) ? "refused" : "allowed");
   report.Note("file_shared_reader",(reader==INVALID_HANDLE) ? "refused" : "allowed");
   if(writer!=INVALID_HANDLE)
      FileClose(writer);
   if(reader!=INVALID_HANDLE)
      FileClose(reader);
   FileClose(held);
  }
//+------------------------------------------------------------------+
//| Measure all of it, and delete the files.                         |
//+------------------------------------------------------------------+
void ProbeFiles(CProbeReport &report)
  {
   ProbeMoveRules(report);
   ProbeMoveTimes(report);
   ProbeUnflushed(report);
   ProbeSharing(report);
   FileDelete(PROBE_FILE);
   FileDelete(PROBE_TARGET);
  }
//+------------------------------------------------------------------+
